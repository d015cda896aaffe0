/* SPDX-License-Identifier: Apache-2.0 */
/* How a site tells push services of browsers who it is: VAPID (RFC 8292), a token for each service, kept while it is good. */
#ifndef PUSH_VAPID_H
#define PUSH_VAPID_H

#include <stdint.h>

#include "flx_json_scan.h"
#include "signer.h"

typedef struct push_vapid push_vapid;

/* Takes over the signer, an ES256 one, whatever comes of it; copies subject, a URL in UTF-8. NULL if there is no memory. */
push_vapid *push_vapid_open(push_signer *signer, const char *subject)
    __attribute__((warn_unused_result));

/* NULL is fine. */
void push_vapid_free(push_vapid *vapid);

/* The value of the header field Authorization for a service, by its origin. now is in seconds of the wall clock. Good until the next call; NULL if there is no
 * memory or OpenSSL fails. */
const char *push_vapid_header(push_vapid *vapid, flx_slice origin, int64_t now);

/* Forgets all tokens, as a service has refused one. */
void push_vapid_renew(push_vapid *vapid);

/* What browsers subscribe with (applicationServerKey), as long as this lives. */
const char *push_vapid_public_key(const push_vapid *vapid);

#endif
