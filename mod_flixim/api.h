/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that answer requests, one for each route; each lives in the api_ file of its noun. */
#ifndef FLIXIM_API_H
#define FLIXIM_API_H

#include "httpd.h"

/* Answers R and returns what the handler hook shall return: OK once a reply is written. */
typedef int flixim_api_function(request_rec *r);

/* GET /health: whether this service can do its work, and the version of its schema. */
flixim_api_function flixim_api_get_health;

#endif
