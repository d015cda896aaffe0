/* SPDX-License-Identifier: Apache-2.0 */
/* One request, from httpd's hands to the function that answers it. */
#include "handler.h"
#include "private.h"

#include "http_protocol.h"

#include "config.h"
#include "reply.h"
#include "route.h"

int flixim_handler(request_rec *r)
{
    const char *location;
    flixim_route_match match;

    if (!r->handler || strcmp(r->handler, FLIXIM_HANDLER) != 0) {
        return DECLINED;
    }
    /* No function reads a body yet. One left unread would be taken for the next request. */
    if (ap_discard_request_body(r) != OK) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    location = flixim_config_location(r);
    if (!location) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "FLX0002: SetHandler flixim is not in a <Location> that holds %s", r->uri);
        return flixim_reply_error(r, FLX_NOT_FOUND);
    }
    match = flixim_route_find(r, r->uri + strlen(location));
    if (!match.allow) {
        return flixim_reply_error(r, FLX_NOT_FOUND);
    }
    if (match.function) {
        return match.function(r);
    }
    apr_table_setn(r->headers_out, "Allow", match.allow);
    if (r->method_number == M_OPTIONS) {
        return flixim_reply_empty(r);
    }
    return flixim_reply_error(r, FLX_METHOD_NOT_ALLOWED);
}
