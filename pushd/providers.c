/* SPDX-License-Identifier: Apache-2.0 */
/* The push services that are configured, with their keys. */
#include "providers.h"

#include <stdio.h>
#include <stdlib.h>

#include "trust.h"

/* In the order of provider_names.h. */
static const push_provider *const table[PUSH_PROVIDERS] = {
#define PROVIDER(name) &push_provider_##name,
    PUSH_PROVIDER_NAMES(PROVIDER)
#undef PROVIDER
};

struct push_providers {
    int users;
    struct x509_store_st *trust;
    int count;                    /* configured */
    int is_there[PUSH_PROVIDERS]; /* whether it is configured */
    void *states[PUSH_PROVIDERS];
};

static int read_one(struct push_providers *providers, int number, const push_settings *settings,
                    char *why, size_t size)
{
    why[0] = '\0';
    providers->states[number] = table[number]->read(settings, why, size);
    if (providers->states[number] == NULL) {
        return why[0] == '\0' ? 0 : -1;
    }
    providers->is_there[number] = 1;
    providers->count++;
    return 0;
}

struct push_providers *push_providers_read(const push_settings *settings, char *why, size_t size)
{
    struct push_providers *providers = calloc(1, sizeof *providers);

    if (providers == NULL) {
        snprintf(why, size, "no memory for push services");
        return NULL;
    }
    providers->users = 1;
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        if (read_one(providers, i, settings, why, size) != 0) {
            push_providers_free(providers);
            return NULL;
        }
    }
    if (providers->count > 0) {
        providers->trust = push_trust_read(settings, why, size);
        if (providers->trust == NULL) {
            push_providers_free(providers);
            return NULL;
        }
    }
    return providers;
}

struct push_providers *push_providers_share(struct push_providers *providers)
{
    if (providers != NULL) {
        providers->users++;
    }
    return providers;
}

void push_providers_free(struct push_providers *providers)
{
    if (providers == NULL || --providers->users > 0) {
        return;
    }
    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        if (providers->is_there[i]) {
            table[i]->free(providers->states[i]);
        }
    }
    push_trust_free(providers->trust);
    free(providers);
}

const push_provider *push_providers_get(const struct push_providers *providers, int number,
                                        void **state)
{
    if (providers == NULL || !providers->is_there[number]) {
        return NULL;
    }
    *state = providers->states[number];
    return table[number];
}

int push_providers_are_there(const struct push_providers *providers)
{
    return providers != NULL && providers->count > 0;
}

struct x509_store_st *push_providers_trust(const struct push_providers *providers)
{
    return providers != NULL ? providers->trust : NULL;
}

const char *push_providers_web_push_key(const struct push_providers *providers)
{
    const push_provider *provider;
    const char *key = NULL;
    void *state;

    for (int i = 0; i < PUSH_PROVIDERS && key == NULL; i++) {
        provider = push_providers_get(providers, i, &state);
        if (provider != NULL && provider->public_key != NULL) {
            key = provider->public_key(state);
        }
    }
    return key;
}
