/* SPDX-License-Identifier: Apache-2.0 */
/* The encryption of Web Push (RFC 8291, in the content coding of RFC 8188): only the browser that subscribed can read what is pushed. */
#include "web_push_cipher.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define POINT       PUSH_WEB_PUSH_CIPHER_POINT
#define SALT        PUSH_WEB_PUSH_CIPHER_SALT
#define RECORD      4096 /* what the header says that a record may have */
#define PLAIN       (PUSH_WEB_PUSH_CIPHER_TEXT + 1)
#define TAG         16
#define KEY         16
#define NONCE       12
#define DIGEST      32 /* of SHA-256; an ECDH secret of P-256 is as long */
#define LAST_RECORD 2  /* what stands behind the text of the last record, before zeros */

/* What HKDF's "info" says at most: "WebPush: info", a NUL and two points. */
#define INFO 200

/* HKDF (RFC 5869) of SHA-256, whose output is no longer than one digest: T(1) alone. Returns 0 or -1. */
static int derive(flx_slice salt, flx_slice material, flx_slice info, unsigned char out[DIGEST])
{
    unsigned char pseudorandom[DIGEST], block[INFO + 1];
    int is_good;

    memcpy(block, info.at, info.length);
    block[info.length] = 1;
    is_good = HMAC(EVP_sha256(), salt.at, (int)salt.length, (const unsigned char *)material.at,
                   material.length, pseudorandom, NULL) != NULL &&
              HMAC(EVP_sha256(), pseudorandom, DIGEST, block, info.length + 1, out, NULL) != NULL;
    OPENSSL_cleanse(pseudorandom, sizeof pseudorandom);
    return is_good ? 0 : -1;
}

static flx_slice slice(const void *at, size_t length)
{
    flx_slice made = { at, length };

    return made;
}

/* AES-128-GCM; out is TAG longer than the text. Returns 0 or -1. */
static int seal(const unsigned char *key, const unsigned char *nonce, const unsigned char *text,
                size_t length, unsigned char *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int put = 0, more = 0, is_good;

    is_good = context != NULL &&
              EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce) == 1 &&
              EVP_EncryptUpdate(context, out, &put, text, (int)length) == 1 &&
              EVP_EncryptFinal_ex(context, out + put, &more) == 1 &&
              (size_t)put + (size_t)more == length &&
              EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, out + length) == 1;
    EVP_CIPHER_CTX_free(context);
    return is_good ? 0 : -1;
}

/* The salt, the size of records, and whose key it is. */
static void write_header(flx_buffer *body, flx_slice key_id, const unsigned char *salt)
{
    const unsigned char sizes[5] = { 0, 0, RECORD >> 8, RECORD & 0xFF,
                                     (unsigned char)key_id.length };

    flx_buffer_add(body, (const char *)salt, SALT);
    flx_buffer_add(body, (const char *)sizes, sizeof sizes);
    flx_buffer_add(body, key_id.at, key_id.length);
}

int push_web_push_cipher_encode(flx_buffer *body, flx_slice text, size_t padded, flx_slice key,
                                flx_slice key_id, const unsigned char salt[SALT])
{
    static const char key_info[] = "Content-Encoding: aes128gcm";
    static const char nonce_info[] = "Content-Encoding: nonce";
    unsigned char content_key[DIGEST], nonce[DIGEST], plain[PLAIN] = { 0 }, sealed[PLAIN + TAG];
    flx_slice salted = slice(salt, SALT);
    size_t length = text.length + 1 > padded ? text.length + 1 : padded;
    int status = -1;

    if (text.length >= PLAIN || key_id.length > POINT) {
        return -1;
    }
    length = length < PLAIN ? length : PLAIN;
    memcpy(plain, text.at, text.length);
    plain[text.length] = LAST_RECORD;
    /* Both infos with their NUL. The first record's nonce is as it is derived. */
    if (derive(salted, key, slice(key_info, sizeof key_info), content_key) == 0 &&
        derive(salted, key, slice(nonce_info, sizeof nonce_info), nonce) == 0 &&
        seal(content_key, nonce, plain, length, sealed) == 0) {
        write_header(body, key_id, salt);
        flx_buffer_add(body, (const char *)sealed, length + TAG);
        status = flx_buffer_failed(body) ? -1 : 0;
    }
    OPENSSL_cleanse(content_key, sizeof content_key);
    OPENSSL_cleanse(nonce, sizeof nonce);
    OPENSSL_cleanse(plain, sizeof plain);
    return status;
}

/* The browser's key, or NULL if it is none. OpenSSL looks whether the point is one of the curve. */
static EVP_PKEY *read_public_key(EVP_PKEY *own, flx_slice point)
{
    EVP_PKEY *key = EVP_PKEY_new();

    if (key != NULL && (EVP_PKEY_copy_parameters(key, own) != 1 ||
                        EVP_PKEY_set1_encoded_public_key(key, (const unsigned char *)point.at,
                                                         point.length) != 1)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

/* The secret of ECDH. Returns 0; 1 if the point is none; -1 if OpenSSL fails. */
static int agree(EVP_PKEY *own, flx_slice point, unsigned char shared[DIGEST])
{
    EVP_PKEY_CTX *context = NULL;
    EVP_PKEY *key = read_public_key(own, point);
    size_t length = DIGEST;
    int status = 1;

    if (key != NULL) {
        context = EVP_PKEY_CTX_new(own, NULL);
        status = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                         EVP_PKEY_derive_set_peer(context, key) == 1 &&
                         EVP_PKEY_derive(context, shared, &length) == 1 && length == DIGEST
                     ? 0
                     : -1;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return status;
}

int push_web_push_cipher_draw(push_web_push_cipher_chance *chance)
{
    ERR_set_mark();
    chance->key = EVP_EC_gen("P-256");
    if (chance->key != NULL && RAND_bytes(chance->salt, SALT) != 1) {
        push_web_push_cipher_forget(chance);
    }
    ERR_pop_to_mark();
    return chance->key != NULL ? 0 : -1;
}

void push_web_push_cipher_forget(push_web_push_cipher_chance *chance)
{
    /* OpenSSL wipes it. */
    EVP_PKEY_free(chance->key);
    chance->key = NULL;
}

static int write_text(flx_buffer *body, flx_slice text, size_t padded, flx_slice public_key,
                      flx_slice secret, const push_web_push_cipher_chance *chance)
{
    static const char begin[] = "WebPush: info";
    unsigned char own[POINT], shared[DIGEST], material[DIGEST];
    char info[sizeof begin + POINT + POINT];
    size_t length;
    int status;

    if (EVP_PKEY_get_octet_string_param(chance->key, OSSL_PKEY_PARAM_PUB_KEY, own, sizeof own,
                                        &length) != 1 ||
        length != POINT) {
        return -1;
    }
    status = agree(chance->key, public_key, shared);
    if (status == 0) {
        memcpy(info, begin, sizeof begin);
        memcpy(info + sizeof begin, public_key.at, POINT);
        memcpy(info + sizeof begin + POINT, own, POINT);
        status = derive(secret, slice(shared, DIGEST), slice(info, sizeof info), material);
    }
    if (status == 0) {
        status = push_web_push_cipher_encode(body, text, padded, slice(material, DIGEST),
                                             slice(own, POINT), chance->salt);
    }
    OPENSSL_cleanse(shared, sizeof shared);
    OPENSSL_cleanse(material, sizeof material);
    return status;
}

int push_web_push_cipher_write(flx_buffer *body, flx_slice text, size_t padded,
                               flx_slice public_key, flx_slice secret,
                               const push_web_push_cipher_chance *chance)
{
    int status;

    /* 4: not compressed, the only form that RFC 8291 has. */
    if (public_key.length != POINT || public_key.at[0] != 4 ||
        secret.length != PUSH_WEB_PUSH_CIPHER_SECRET) {
        return 1;
    }
    ERR_set_mark();
    status = write_text(body, text, padded, public_key, secret, chance);
    ERR_pop_to_mark();
    return status;
}
