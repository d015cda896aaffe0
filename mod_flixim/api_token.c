/* SPDX-License-Identifier: Apache-2.0 */
/* GET /token: a short-lived token, for a WebSocket or for a user whom httpd itself has logged in. */
#include "api.h"
#include "private.h"

#include "apr_time.h"

#include "call.h"
#include "config.h"
#include "flx_result.h"
#include "flx_token.h"
#include "keys.h"
#include "reply.h"
#include "text.h"

static flx_time earlier(flx_time one, flx_time other)
{
    return one < other ? one : other;
}

/* What the new token says: of a token that was shown, no more and for no longer than that one. */
static flx_claims claims_of(const flixim_request *request, const flixim_answer *answer)
{
    flx_value expires_at = flx_result_get(answer->result, 0, "expires_at");
    flx_time lifetime = flixim_config_token_lifetime(request->r->server) / 1000;
    flx_claims claims = {
        .user_id = flx_value_uuid(flx_result_get(answer->result, 0, "user_id")),
        .issued_at = flx_value_time(flx_result_get(answer->result, 0, "issued_at")),
        .expires_at = earlier(apr_time_now() / 1000 + lifetime, request->caller.expires_at),
        .is_system = flx_value_bool(flx_result_get(answer->result, 0, "is_system")),
    };

    if (expires_at.at) {
        claims.expires_at = earlier(claims.expires_at, flx_value_time(expires_at));
    }
    /* Whole seconds, which every JWT library can read. Both go back, so that no revocation since is
     * stepped over; one that ends at the end of a second lets the next token be from there on. */
    claims.expires_at -= claims.expires_at % 1000;
    if (claims.issued_at > 0) {
        claims.issued_at -= claims.issued_at % 1000;
    }
    return claims;
}

static int get_token(flixim_request *request)
{
    request_rec *r = request->r;
    flixim_answer answer;
    flx_claims claims;
    flx_buffer token, data;
    const char *text;

    if (!flixim_call(request, &flx_statement_authenticate, NULL, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    claims = claims_of(request, &answer);
    flx_buffer_init(&token, FLX_TOKEN_LENGTH);
    if (flixim_keys_sign(r, &claims, &token) != 0) {
        flx_buffer_free(&token);
        return flixim_reply_error(r, flixim_keys_can_sign(r->server) ? FLX_INTERNAL : FLX_NOT_FOUND,
                                  NULL, 0);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_buffer_add_text(&data, "{\"token\":");
    flx_buffer_add_string(&data, token.at, token.length);
    flx_buffer_free(&token);
    flx_buffer_add_text(&data, ",\"expires_at\":");
    text = flixim_text_of_time(r->pool, claims.expires_at);
    flx_buffer_add_string(&data, text, FLX_TIME_TEXT);
    flx_buffer_add_text(&data, ",\"user_id\":");
    text = flixim_text_of_uuid(r->pool, &claims.user_id);
    flx_buffer_add_string(&data, text, FLX_UUID_TEXT);
    flx_buffer_add_text(&data, "}");
    return flixim_call_reply(request, &answer, FLX_TOKEN_ISSUED, &data);
}

const flixim_operation flixim_api_get_token = { .function = get_token };
