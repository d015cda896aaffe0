/* SPDX-License-Identifier: Apache-2.0 */
/* One request, from httpd's hands to the function that answers it. */
#ifndef FLIXIM_HANDLER_H
#define FLIXIM_HANDLER_H

#include "httpd.h"

/* The handler hook: DECLINED for other handlers' requests, else whatever the answering function
 * returns, which is OK once its reply is written. */
int flixim_handler(request_rec *r);

#endif
