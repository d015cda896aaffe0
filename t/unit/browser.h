/* SPDX-License-Identifier: Apache-2.0 */
/* A browser as Web Push has it: reads what was encrypted for it, by other functions of OpenSSL than those that are tested. */
#ifndef FLX_BROWSER_H
#define FLX_BROWSER_H

#include "unit.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "flx_buffer.h"

/* The salt, a record's size, and the server's key with its length. */
#define BROWSER_HEADER (16 + 4 + 1 + 65)

typedef struct bytes {
    unsigned char at[5000];
    size_t length;
} bytes;

static inline void browser_derives(const void *salt, size_t salt_length, const void *key,
                                   size_t key_length, const void *info, size_t info_length,
                                   unsigned char *out, size_t length)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_hkdf_salt(context, salt, (int)salt_length), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_hkdf_key(context, key, (int)key_length), 1);
    assert_int_equal(EVP_PKEY_CTX_add1_hkdf_info(context, info, (int)info_length), 1);
    assert_int_equal(EVP_PKEY_derive(context, out, &length), 1);
    EVP_PKEY_CTX_free(context);
}

static inline void browser_agrees(EVP_PKEY *browser, const unsigned char *point,
                                  unsigned char shared[32])
{
    EVP_PKEY *server = EVP_PKEY_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(browser, NULL);
    size_t length = 32;

    assert_int_equal(EVP_PKEY_copy_parameters(server, browser), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(server, point, 65), 1);
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, server), 1);
    assert_int_equal(EVP_PKEY_derive(context, shared, &length), 1);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(server);
}

/* Opens a record, whose text goes to text; gives back its length with padding. point and secret are what the browser subscribed with. */
static inline size_t browser_opens(EVP_PKEY *browser, const bytes *point, const bytes *secret,
                                   const flx_buffer *body, bytes *text)
{
    const unsigned char *at = (const unsigned char *)body->at, *server = at + 21;
    unsigned char info[14 + 130] = "WebPush: info", shared[32], material[32], key[16], nonce[12];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    size_t length = body->length - BROWSER_HEADER - 16, whole = length;
    int put, more;

    assert_memory_equal(at + 16, "\0\0\x10\0\x41\x04", 6);
    browser_agrees(browser, server, shared);
    memcpy(info + 14, point->at, 65);
    memcpy(info + 14 + 65, server, 65);
    browser_derives(secret->at, secret->length, shared, 32, info, sizeof info, material, 32);
    browser_derives(at, 16, material, 32, "Content-Encoding: aes128gcm", 28, key, sizeof key);
    browser_derives(at, 16, material, 32, "Content-Encoding: nonce", 24, nonce, sizeof nonce);
    assert_int_equal(EVP_DecryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce), 1);
    assert_int_equal(EVP_DecryptUpdate(context, text->at, &put, at + BROWSER_HEADER, (int)length),
                     1);
    assert_int_equal(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16,
                                         (void *)(uintptr_t)(at + BROWSER_HEADER + length)),
                     1);
    assert_int_equal(EVP_DecryptFinal_ex(context, text->at + put, &more), 1);
    EVP_CIPHER_CTX_free(context);
    while (length > 0 && text->at[length - 1] == 0) {
        length--;
    }
    assert_true(length > 0 && text->at[length - 1] == 2);
    text->length = length - 1;
    return whole;
}

#endif
