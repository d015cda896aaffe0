/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: the Bearer token of a request (RFC 6750), or httpd's own login. */
#include "credentials.h"
#include "private.h"

#include "apr_lib.h"
#include "apr_strings.h"

#include "config.h"
#include "flx_token.h"
#include "keys.h"
#include "text.h"
#include "url_token.h"

void flixim_credentials_set_user(request_rec *r, flixim_caller *caller, const flx_uuid *user)
{
    caller->user_id = flixim_text_of_uuid(r->pool, user);
    apr_table_setn(r->notes, "flixim-user", caller->user_id);
    apr_table_setn(r->subprocess_env, "FLIXIM_USER", caller->user_id);
}

/* httpd has just judged this login itself, so no revocation of tokens concerns it. */
static int judge_login(request_rec *r, flixim_caller *caller)
{
    const flx_uuid *name_space = flixim_config_remote_user_namespace(r);
    flx_uuid user;

    if (!flixim_config_remote_user(r) || !r->user) {
        return -1;
    }
    if (flx_uuid_read(&user, r->user, strlen(r->user)) != 0) {
        if (!name_space) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "FLX0401: the user name is no UUID, and there is no "
                          "FlixIMRemoteUserNamespace to make one from it");
            return -1;
        }
        flx_uuid_from_name(&user, name_space, r->user, strlen(r->user));
    }
    flixim_credentials_set_user(r, caller, &user);
    caller->parameters[0] = caller->user_id;
    caller->parameters[1] = "infinity";
    caller->parameters[2] = "false";
    return 0;
}

static int judge_jwt(request_rec *r, flixim_caller *caller, const char *token, apr_size_t length)
{
    flx_claims claims;
    const char *why = NULL;

    if (flixim_keys_verify(r, token, length, &claims, &why) != 0) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "FLX0402: token refused: %s",
                      why ? why : "no key");
        return -1;
    }
    flixim_credentials_set_user(r, caller, &claims.user_id);
    caller->parameters[0] = caller->user_id;
    /* One that does not say when it was issued counts as older than any revocation. */
    caller->parameters[1] = claims.issued_at == FLX_TIME_MIN
                                ? "-infinity"
                                : flixim_text_of_time(r->pool, claims.issued_at);
    caller->parameters[2] = claims.is_system ? "true" : "false";
    caller->expires_at = claims.expires_at;
    return 0;
}

/* An opaque token: PostgreSQL knows its digest. */
static void take_opaque(request_rec *r, flixim_caller *caller, const char *token, apr_size_t length)
{
    static const char digit[] = "0123456789abcdef";
    unsigned char digest[32];
    char *text = apr_palloc(r->pool, 2 + 2 * sizeof(digest) + 1);
    char *next = text;

    flx_token_digest(token, length, digest);
    *next++ = '\\';
    *next++ = 'x';
    for (apr_size_t i = 0; i < sizeof(digest); i++) {
        *next++ = digit[digest[i] >> 4];
        *next++ = digit[digest[i] & 0xF];
    }
    *next = '\0';
    caller->parameters[3] = text;
}

/* Whether all of a token is what RFC 6750 calls b64token, and not too long. */
static int is_token(const char *token, apr_size_t length)
{
    apr_size_t i = 0;

    while (i < length && (apr_isalnum(token[i]) || strchr("-._~+/", token[i]))) {
        i++;
    }
    if (i == 0) {
        return 0;
    }
    while (i < length && token[i] == '=') {
        i++;
    }
    return i == length && length <= FLX_TOKEN_LENGTH;
}

/* The part of an Authorization header after its scheme, if that is SCHEME; else NULL. */
static const char *after_scheme(const char *header, const char *scheme)
{
    apr_size_t length = strlen(scheme);

    if (ap_cstr_casecmpn(header, scheme, length) != 0 ||
        (header[length] != ' ' && header[length] != '\0')) {
        return NULL;
    }
    header += length;
    while (*header == ' ') {
        header++;
    }
    return header;
}

int flixim_credentials_judge(request_rec *r, flixim_caller *caller, flx_outcome *refusal)
{
    const char *header = apr_table_get(r->headers_in, "Authorization");
    const char *token = header ? after_scheme(header, "Bearer") : NULL;
    const char *basic = header ? after_scheme(header, "Basic") : NULL;
    apr_size_t length;

    memset(caller, 0, sizeof(*caller));
    caller->expires_at = FLX_TIME_MAX;
    *refusal = FLX_INVALID_REQUEST;
    /* Two headers come as one, with a comma between; neither scheme has one in its credentials, and in
     * those that do a name follows it. */
    if ((token && strpbrk(token, ", ")) || (basic && strchr(basic, ',')) ||
        (header && (*header == ',' || ap_strcasestr(header, ", Bearer ") ||
                    ap_strcasestr(header, ", Basic "))) ||
        (header && flixim_url_token(r))) {
        return -1;
    }
    if (!token) {
        *refusal = FLX_UNAUTHORIZED;
        return judge_login(r, caller);
    }
    *refusal = FLX_INVALID_TOKEN;
    length = strlen(token);
    if (!is_token(token, length)) {
        return -1;
    }
    if (flx_token_is_jwt(token, length)) {
        return judge_jwt(r, caller, token, length);
    }
    take_opaque(r, caller, token, length);
    return 0;
}
