/* SPDX-License-Identifier: Apache-2.0 */
/* The notifier: finds what is to be told to devices, and has it sent (docs/notifications.md). */
#ifndef PUSH_NOTIFIER_H
#define PUSH_NOTIFIER_H

struct push_server;
struct push_notifier;

/* Begins; without a push service that is configured nothing happens, and nothing is asked of the database. NULL if there is no memory. */
struct push_notifier *push_notifier_open(struct push_server *server);

/* Ends: what is under way has a second to end, then it is left to others; what came of it is written. closed is called from the loop,
 * before the database may close. */
void push_notifier_close(struct push_notifier *notifier, void (*closed)(void *data), void *data);

/* So many new events are in the database. NULL is fine. */
void push_notifier_note(struct push_notifier *notifier, int events);

/* Settings and keys were read again. NULL is fine. */
void push_notifier_hurry(struct push_notifier *notifier);

/* The public key that browsers subscribe with, base64url; lent until the next reload, NULL without Web Push. */
const char *push_notifier_web_push_key(const struct push_server *server);

#endif
