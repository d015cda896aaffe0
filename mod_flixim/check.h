/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is refused at start, each with the virtual host's name, file and line. */
#ifndef FLIXIM_CHECK_H
#define FLIXIM_CHECK_H

#include "httpd.h"

/* The check_config hook: OK, or !OK after logging what is wrong. Reads, and changes nothing
 * outside this process: httpd -t runs it as well, beside the server. What it reads it keeps in
 * PCONF, for the children: where the API is (config.c) and the token keys (keys.c). */
int flixim_check_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *main_server);

#endif
