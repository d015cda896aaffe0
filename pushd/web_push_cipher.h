/* SPDX-License-Identifier: Apache-2.0 */
/* The encryption of Web Push (RFC 8291, in the content coding of RFC 8188): only the browser that subscribed can read what is pushed. */
#ifndef PUSH_WEB_PUSH_CIPHER_H
#define PUSH_WEB_PUSH_CIPHER_H

#include "flx_buffer.h"
#include "flx_json_scan.h"

struct evp_pkey_st;

#define PUSH_WEB_PUSH_CIPHER_POINT  65 /* bytes of a public key, uncompressed */
#define PUSH_WEB_PUSH_CIPHER_SECRET 16 /* bytes of the browser's secret */
#define PUSH_WEB_PUSH_CIPHER_SALT   16

/* Bytes of a text: with what is put around it these are 4,096, and services need not take more (RFC 8030, 7.2). */
#define PUSH_WEB_PUSH_CIPHER_TEXT 3993

/* What is new in each push, and to be used once. */
typedef struct push_web_push_cipher_chance {
    struct evp_pkey_st *key; /* of P-256 */
    unsigned char salt[PUSH_WEB_PUSH_CIPHER_SALT];
} push_web_push_cipher_chance;

/* Draws. Returns 0, or -1 if OpenSSL fails; then there is nothing to forget. */
int push_web_push_cipher_draw(push_web_push_cipher_chance *chance)
    __attribute__((warn_unused_result));
void push_web_push_cipher_forget(push_web_push_cipher_chance *chance);

/* Appends a text of at most PUSH_WEB_PUSH_CIPHER_TEXT bytes, encrypted for the browser whose public key and secret these are. The text and the one byte behind it
 * are made as long as padded says, so that the length does not tell it, or what there is room for. Returns 0; 1 if the key or the secret is none, as
 * clients may send anything; or -1 if the text is too long, OpenSSL fails or there is no memory. */
int push_web_push_cipher_write(flx_buffer *body, flx_slice text, size_t padded,
                               flx_slice public_key, flx_slice secret,
                               const push_web_push_cipher_chance *chance)
    __attribute__((warn_unused_result));

/* The content coding alone, of one record: key is what it calls the input keying material, key_id at most 65 bytes. Returns 0 or -1 as above. */
int push_web_push_cipher_encode(flx_buffer *body, flx_slice text, size_t padded, flx_slice key,
                                flx_slice key_id,
                                const unsigned char salt[PUSH_WEB_PUSH_CIPHER_SALT])
    __attribute__((warn_unused_result));

#endif
