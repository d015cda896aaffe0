/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: the Bearer token of a request (RFC 6750), or httpd's own login. */
#ifndef FLIXIM_CREDENTIALS_H
#define FLIXIM_CREDENTIALS_H

#include "httpd.h"

#include "flx_outcome.h"
#include "flx_statement.h"
#include "flx_time.h"
#include "flx_uuid.h"

typedef struct flixim_caller {
    /* the first parameters of a statement: user_id, issued_at, is_system, token_digest as text */
    const char *parameters[FLX_CALLER_PARAMETERS];
    /* the user, as text; NULL for an opaque token, until flixim_call_identify has found out */
    const char *user_id;
    /* when the token ends, as far as it says so itself; else FLX_TIME_MAX */
    flx_time expires_at;
} flixim_caller;

/* Finds out who asks, as far as that can be done without the database, which judges each token again:
 * an opaque token is known to it alone, and a JWT may have been revoked.
 *
 * Returns 0 and fills CALLER, or -1 and *REFUSAL is FLX_UNAUTHORIZED (no credentials),
 * FLX_INVALID_TOKEN or FLX_INVALID_REQUEST (credentials in two places). */
int flixim_credentials_judge(request_rec *r, flixim_caller *caller, flx_outcome *refusal)
    __attribute__((warn_unused_result));

/* Says that CALLER is this user, and notes it for LogFormat: %{flixim-user}n and %{FLIXIM_USER}e. */
void flixim_credentials_set_user(request_rec *r, flixim_caller *caller, const flx_uuid *user);

#endif
