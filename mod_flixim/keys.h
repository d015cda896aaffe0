/* SPDX-License-Identifier: Apache-2.0 */
/* The token keys of each virtual host: read at start, the JWKS file again when it changes. */
#ifndef FLIXIM_KEYS_H
#define FLIXIM_KEYS_H

#include "httpd.h"

#include "flx_token.h"

/* Verifies a JWT with the keys that are in force in R's virtual host, by its rules and the wall
 * clock. Returns 0 with *CLAIMS; or -1 with *WHY, a constant word for the log alone, also where
 * the host has no keys. Any number of threads may call it at once. A JWKS file that has changed is
 * read first, if nobody has looked for a second. */
int flixim_keys_verify(request_rec *r, const char *token, size_t length, flx_claims *claims,
                       const char **why) __attribute__((warn_unused_result));

/* Appends a token for CLAIMS, signed with the secret of R's virtual host. Returns 0; or -1 if it
 * has no FlixIMTokenKeyFile, or the token does not fit. */
int flixim_keys_sign(request_rec *r, const flx_claims *claims, flx_buffer *token)
    __attribute__((warn_unused_result));

/* Whether a virtual host has a FlixIMTokenKeyFile. */
int flixim_keys_can_sign(const server_rec *s);

/* Read the file that S itself names (see flixim_config_token_key_directive), and keep its keys in
 * PCONF, which wipes them. Return NULL; or a sentence, in PTEMP, that says why not. For check.c. */
const char *flixim_keys_load_secret(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *s);
const char *flixim_keys_load_jwks(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *s);

/* The child_init hook: makes the locks of this child, and has it wipe its keys when it ends. */
void flixim_keys_child_init(apr_pool_t *pchild, server_rec *main_server);

#endif
