/* SPDX-License-Identifier: Apache-2.0 */
/* The push services that are configured, with their keys: read with the settings, replaced as a whole by a reload. */
#ifndef PUSH_PROVIDERS_H
#define PUSH_PROVIDERS_H

#include "provider.h"
#include "provider_names.h"

struct x509_store_st;
struct push_providers;

/* Reads all of them. NULL with *why, a sentence that names file and setting, in a buffer of the given size. */
struct push_providers *push_providers_read(const push_settings *settings, char *why, size_t size)
    __attribute__((warn_unused_result));

/* A request that is under way keeps those that it was made with: each share has its free. NULL is fine. */
struct push_providers *push_providers_share(struct push_providers *providers);
void push_providers_free(struct push_providers *providers);

/* One of them, 0 to PUSH_PROVIDERS - 1 in the order of provider_names.h, with its state; NULL if it is not configured. */
const push_provider *push_providers_get(const struct push_providers *providers, int number,
                                        void **state);

/* Whether any is configured. */
int push_providers_are_there(const struct push_providers *providers);

/* Which certificates they are trusted by; lent, NULL if none is configured. */
struct x509_store_st *push_providers_trust(const struct push_providers *providers);

/* The public key that browsers subscribe with, base64url; lent, NULL without Web Push. */
const char *push_providers_web_push_key(const struct push_providers *providers);

#endif
