/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that clients connect to, or httpd for them: Unix, TCP, TLS, hand-off; our own or inherited. */
#ifndef PUSH_LISTENER_H
#define PUSH_LISTENER_H

#include "server.h"

/* Listens on what the settings name, or, if count is not 0, on inherited sockets alone (of socket activation: those of the family Unix are
 * local, and for hand-offs if they keep the bounds of packets; the others speak TLS if the settings have listen_tls and no listen_tcp). NULL with
 * *why, a sentence, if any of them cannot be used; what was opened is closed again. */
struct push_listeners *push_listeners_open(push_server *server, const int *inherited, int count,
                                           char *why, size_t size);

/* Takes no more connections, and ends the hand-offs that are under way; calls closed when the loop has let go, and is gone then. Takes
 * the files of our own Unix sockets away. */
void push_listeners_close(struct push_listeners *all, void (*closed)(void *data), void *data);

#endif
