/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request for a WebSocket gets one: asked of a client's own connection and of one that httpd would hand over alike. */
#ifndef PUSH_UPGRADE_H
#define PUSH_UPGRADE_H

#include "application.h"
#include "block.h"
#include "server.h"

/* One such request; the asker's memory. Members above the line are the judgement, once done was called. */
typedef struct push_upgrade {
    int status; /* 101, or the one to refuse with */
    /* 101: the answer to the byte; else the text that says why, NULL: none does. Whoever uses it takes it away. */
    push_block *answer;
    /* 101: who connects, likewise; NULL: nobody said */
    push_identity *identity;
    flx_connect connect; /* 101: what the request says; its slices lie in the request */
    /* ---- */
    push_server *server;
    const flx_request *head;
    void *ticket; /* the application's, while it judges */
    void (*done)(void *data);
    void *data;
} push_upgrade;

/* Judges a request for the WebSocket's path. Calls done once, at once or later; it may end the upgrade and free what it is part of. The head
 * is lent until then, and as long as connect is used. */
void push_upgrade_judge(push_upgrade *upgrade, push_server *server, const flx_request *head,
                        int is_local, void (*done)(void *data), void *data);

/* Whether a path is the WebSocket's. */
int push_upgrade_is_asked(const push_server *server, const flx_request *head);

/* Takes the question back, if it was not answered, and gives back what nobody took. Zeroed before, or ended before, is fine. */
void push_upgrade_end(push_upgrade *upgrade);

#endif
