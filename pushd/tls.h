/* SPDX-License-Identifier: Apache-2.0 */
/* TLS below a connection: OpenSSL on memory, which never touches a socket. */
#ifndef PUSH_TLS_H
#define PUSH_TLS_H

#include <stddef.h>

#include "block.h"

struct push_tls; /* certificate and key */

/* One connection's. */
typedef struct push_tls_session push_tls_session;

/* Reads certificate (with its chain) and key, PEM. NULL with *why, a sentence, if that does not work. */
struct push_tls *push_tls_make(const char *certificate_file, const char *key_file, char *why,
                               size_t size);

/* Sessions that are alive go on as they are. */
void push_tls_free(struct push_tls *tls);

/* NULL if there is no memory. */
push_tls_session *push_tls_accept(struct push_tls *tls);
void push_tls_session_free(push_tls_session *session);

/* Whether the handshake is done. */
int push_tls_is_ready(const push_tls_session *session);

/* Lends what came from the client, until push_tls_read has returned 0 or -1. */
void push_tls_feed(push_tls_session *session, const char *bytes, size_t length);

/* Decrypts some of it into text. Returns how many bytes; 0 if it takes more from the client; -1 at the end of the session,
 * *is_clean then says whether the client closed it. There may be output to write in each case. */
int push_tls_read(push_tls_session *session, char *text, size_t room, int *is_clean);

/* Encrypts, only when the handshake is done. Returns 0 or -1. */
int push_tls_write(push_tls_session *session, const char *text, size_t length)
    __attribute__((warn_unused_result));

/* Says goodbye, once. Returns whether it did now. */
int push_tls_close(push_tls_session *session);

/* What is to be sent to the client, which is then the caller's; NULL if there is nothing. */
push_block *push_tls_output(push_tls_session *session);

#endif
