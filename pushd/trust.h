/* SPDX-License-Identifier: Apache-2.0 */
/* Which authorities' certificates push services are trusted by. */
#ifndef PUSH_TRUST_H
#define PUSH_TRUST_H

#include <stddef.h>

#include "settings.h"

struct x509_store_st;

/* Reads provider_ca_file, or the system's. From OpenSSL, to be given back with push_trust_free; NULL with *why, a sentence that names file
 * and setting, in a buffer of the given size. */
struct x509_store_st *push_trust_read(const push_settings *settings, char *why, size_t size)
    __attribute__((warn_unused_result));

/* One more who has it, and gives it back. NULL is fine. */
struct x509_store_st *push_trust_share(struct x509_store_st *trust);
void push_trust_free(struct x509_store_st *trust);

#endif
