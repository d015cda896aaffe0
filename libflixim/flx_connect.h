/* SPDX-License-Identifier: Apache-2.0 */
/* The two steps in which flx_connect.c reads a connect; between them a WebSocket's origin is judged. */
#ifndef FLX_CONNECT_H
#define FLX_CONNECT_H

#include "flx_upgrade.h"

/* Step one: the query. Fills in what it says of version (0: a wrong one), session and token. Returns 0, 400, 414, or 500; memory is in
 * connect->memory, to be freed in any case. */
int flx_connect_query(flx_connect *connect, const flx_request *request)
    __attribute__((warn_unused_result));

/* Step two: tokens in headers, subprotocols, and the version. Returns 0, 400 or 403. */
int flx_connect_judge(flx_connect *connect, const flx_request *request)
    __attribute__((warn_unused_result));

#endif
