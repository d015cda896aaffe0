/* SPDX-License-Identifier: Apache-2.0 */
/* One request, from httpd's hands to the function that answers it. */
#ifndef FLIXIM_HANDLER_H
#define FLIXIM_HANDLER_H

#include "httpd.h"

/* The translate_name and map_to_storage hooks: OK for a request at or below the API's path, which is
 * no file, so httpd need not look for one, nor refuse a path that no file could have; else DECLINED. */
int flixim_handler_translate_name(request_rec *r);
int flixim_handler_map_to_storage(request_rec *r);

/* The handler hook: DECLINED for other handlers' requests, else whatever the answering function
 * returns, which is OK once its reply is written. */
int flixim_handler(request_rec *r);

#endif
