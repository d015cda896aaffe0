/* SPDX-License-Identifier: Apache-2.0 */
/* The module's symbol and its log index; included by every .c of the module, after httpd's headers. */
#ifndef FLIXIM_PRIVATE_H
#define FLIXIM_PRIVATE_H

#include "httpd.h"
#include "http_config.h"
#include "http_log.h"

extern module AP_MODULE_DECLARE_DATA flixim_module;

APLOG_USE_MODULE(flixim);

#endif
