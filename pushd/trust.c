/* SPDX-License-Identifier: Apache-2.0 */
/* Which authorities' certificates push services are trusted by. */
#include "trust.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

/* Reads all of it now: the loop reads no files later. */
static int load(X509_STORE *store, const char *path)
{
    int is_read = X509_STORE_load_file(store, path) == 1;

    ERR_clear_error();
    return is_read;
}

struct x509_store_st *push_trust_read(const push_settings *settings, char *why, size_t size)
{
    const char *path = settings->provider_ca_file;
    X509_STORE *store = X509_STORE_new();

    if (store == NULL) {
        snprintf(why, size, "no memory for certificates");
        return NULL;
    }
    if (*path != '\0') {
        if (!load(store, path)) {
            snprintf(why, size,
                     "provider_ca_file \"%s\": cannot be read, or has no certificates (PEM)", path);
            X509_STORE_free(store);
            return NULL;
        }
        return store;
    }
    path = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (path == NULL || !load(store, path)) {
        snprintf(why, size,
                 "the system has no certificates of authorities (install ca-certificates, or name "
                 "a file with provider_ca_file)");
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

struct x509_store_st *push_trust_share(struct x509_store_st *trust)
{
    if (trust != NULL) {
        (void)X509_STORE_up_ref(trust);
    }
    return trust;
}

void push_trust_free(struct x509_store_st *trust)
{
    X509_STORE_free(trust);
}
