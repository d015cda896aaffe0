/* SPDX-License-Identifier: Apache-2.0 */
/* TLS below a connection: OpenSSL on memory, which never touches a socket. */
#include "tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a client can make us say without reading it (answers to key updates) ends here. */
#define OUTPUT_LIMIT ((size_t)1024 * 1024)

/* OpenSSL's own memory BIO keeps what it once had; this one reads where the bytes are and writes to a block. */
struct push_tls {
    SSL_CTX *context;
    BIO_METHOD *method;
    unsigned references; /* of tls itself and its sessions, whose BIOs need the method */
};

struct push_tls_session {
    struct push_tls *tls;
    SSL *ssl;
    const char *in;
    size_t in_length;
    push_block *out;
    size_t out_room;
    int is_closed;
};

static int bio_read(BIO *bio, char *bytes, int length)
{
    push_tls_session *session = BIO_get_data(bio);
    size_t wanted = length > 0 ? (size_t)length : 0;

    BIO_clear_retry_flags(bio);
    if (session->in_length == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (wanted > session->in_length) {
        wanted = session->in_length;
    }
    memcpy(bytes, session->in, wanted);
    session->in += wanted;
    session->in_length -= wanted;
    return (int)wanted;
}

static int bio_write(BIO *bio, const char *bytes, int length)
{
    push_tls_session *session = BIO_get_data(bio);
    size_t added = length > 0 ? (size_t)length : 0;
    size_t used = session->out != NULL ? session->out->length : 0;

    BIO_clear_retry_flags(bio);
    if (added > OUTPUT_LIMIT - used) {
        return -1;
    }
    if (session->out == NULL || session->out_room - used < added) {
        size_t room = used + added + used / 2;
        push_block *grown = realloc(session->out, sizeof *grown + room);
        if (grown == NULL) {
            return -1;
        }
        if (session->out == NULL) {
            grown->references = 1;
        }
        session->out = grown;
        session->out_room = room;
    }
    memcpy(session->out->bytes + used, bytes, added);
    session->out->length = used + added;
    return (int)added;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *length,
                           const unsigned char *in, unsigned in_length, void *data)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)data;
    if (SSL_select_next_proto(&chosen, length, ours, sizeof ours - 1, in, in_length) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Instead of OpenSSL's own, which asks on the terminal: at a reload everybody would wait for that. */
static int refuse_password(char *password, int size, int is_written, void *data)
{
    (void)password;
    (void)size;
    (void)is_written;
    (void)data;
    return 0;
}

static void release(struct push_tls *tls)
{
    if (--tls->references == 0) {
        SSL_CTX_free(tls->context);
        BIO_meth_free(tls->method);
        free(tls);
    }
}

static int configure(struct push_tls *tls)
{
    tls->context = SSL_CTX_new(TLS_server_method());
    /* No number of its own: there are 127 for the life of a process, and a reload would take one. */
    tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "flixim memory");
    if (tls->context == NULL || tls->method == NULL || !BIO_meth_set_read(tls->method, bio_read) ||
        !BIO_meth_set_write(tls->method, bio_write) ||
        !BIO_meth_set_ctrl(tls->method, bio_control) ||
        !BIO_meth_set_create(tls->method, bio_create) ||
        !SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION)) {
        return -1;
    }
    SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                          SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_default_passwd_cb(tls->context, refuse_password);
    SSL_CTX_set_alpn_select_cb(tls->context, select_protocol, NULL);
    return 0;
}

struct push_tls *push_tls_make(const char *certificate_file, const char *key_file, char *why,
                               size_t size)
{
    struct push_tls *tls = calloc(1, sizeof *tls);
    const char *what = NULL;
    char reason[160];

    if (tls == NULL) {
        snprintf(why, size, "no memory for TLS");
        return NULL;
    }
    tls->references = 1;
    ERR_clear_error();
    if (configure(tls) != 0) {
        what = "OpenSSL cannot be set up";
    }
    else if (SSL_CTX_use_certificate_chain_file(tls->context, certificate_file) != 1) {
        what = "the certificate cannot be used";
        key_file = certificate_file;
    }
    else if (SSL_CTX_use_PrivateKey_file(tls->context, key_file, SSL_FILETYPE_PEM) != 1) {
        what = "the key cannot be used";
    }
    else if (SSL_CTX_check_private_key(tls->context) != 1) {
        what = "the key is not the certificate's";
    }
    if (what == NULL) {
        return tls;
    }
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    snprintf(why, size, "%s: %s (%s)", key_file, what, reason);
    release(tls);
    return NULL;
}

void push_tls_free(struct push_tls *tls)
{
    if (tls != NULL) {
        release(tls);
    }
}

push_tls_session *push_tls_accept(struct push_tls *tls)
{
    push_tls_session *session = calloc(1, sizeof *session);
    BIO *bio;

    if (session == NULL) {
        return NULL;
    }
    session->tls = tls;
    session->ssl = SSL_new(tls->context);
    bio = BIO_new(tls->method);
    if (session->ssl == NULL || bio == NULL) {
        SSL_free(session->ssl);
        BIO_free(bio);
        free(session);
        return NULL;
    }
    tls->references++;
    BIO_set_data(bio, session);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_accept_state(session->ssl);
    return session;
}

void push_tls_session_free(push_tls_session *session)
{
    if (session != NULL) {
        SSL_free(session->ssl);
        push_block_release(session->out);
        release(session->tls);
        free(session);
    }
}

int push_tls_is_ready(const push_tls_session *session)
{
    return SSL_is_init_finished(session->ssl);
}

void push_tls_feed(push_tls_session *session, const char *bytes, size_t length)
{
    session->in = bytes;
    session->in_length = length;
}

int push_tls_read(push_tls_session *session, char *text, size_t room, int *is_clean)
{
    int got, error;

    *is_clean = 0;
    ERR_clear_error();
    got = SSL_read(session->ssl, text, room < INT_MAX ? (int)room : INT_MAX);
    if (got > 0) {
        return got;
    }
    error = SSL_get_error(session->ssl, got);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ) {
        return 0;
    }
    *is_clean = error == SSL_ERROR_ZERO_RETURN;
    return -1;
}

int push_tls_write(push_tls_session *session, const char *text, size_t length)
{
    while (length > 0) {
        int wanted = length < INT_MAX ? (int)length : INT_MAX, put;

        ERR_clear_error();
        put = SSL_write(session->ssl, text, wanted);
        if (put <= 0) {
            ERR_clear_error();
            return -1;
        }
        text += put;
        length -= (size_t)put;
    }
    return 0;
}

int push_tls_close(push_tls_session *session)
{
    if (session->is_closed) {
        return 0;
    }
    session->is_closed = 1;
    if (!SSL_is_init_finished(session->ssl)) {
        return 0;
    }
    ERR_clear_error();
    SSL_shutdown(session->ssl);
    ERR_clear_error();
    return session->out != NULL;
}

push_block *push_tls_output(push_tls_session *session)
{
    push_block *out = session->out;

    session->out = NULL;
    session->out_room = 0;
    return out;
}
