/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request for a WebSocket gets one: asked of a client's own connection and of one that httpd would hand over alike. */
#include "upgrade.h"

#include "connection.h"

#include <string.h>

#define ANSWER_LIMIT                                                                               \
    ((size_t)256 * 1024) /* bytes of the answer to an upgrade; the request's head bounds them */

static void refuse(push_upgrade *upgrade, int status)
{
    upgrade->status = status;
    upgrade->server->metrics.upgrades_refused_total++;
    upgrade->done(upgrade->data);
}

/* The application's yes: whether it is an upgrade at all is looked at last, as Phoenix does. */
static int answer(push_upgrade *upgrade)
{
    flx_buffer text;
    int status;

    flx_buffer_init(&text, ANSWER_LIMIT);
    status = flx_upgrade_answer(&text, upgrade->head, &upgrade->connect,
                                push_connections_date(upgrade->server->connections));
    if (!flx_buffer_failed(&text)) {
        upgrade->answer = push_block_make(text.at, text.length);
    }
    flx_buffer_free(&text);
    if (status == 0) {
        status = upgrade->answer != NULL ? 101 : 500;
    }
    return status;
}

static void on_connected(void *data, int status, push_identity *identity)
{
    push_upgrade *upgrade = data;

    upgrade->ticket = NULL;
    if (status == 0) {
        status = answer(upgrade);
    }
    if (status != 101) {
        upgrade->server->application->drop(identity);
        refuse(upgrade, status);
        return;
    }
    upgrade->status = 101;
    upgrade->identity = identity;
    upgrade->done(upgrade->data);
}

int push_upgrade_is_asked(const push_server *server, const flx_request *head)
{
    const char *transport = flx_request_transport(head, server->settings->path);

    return transport != NULL ? strcmp(transport, "websocket") == 0 : server->application->is_bare;
}

void push_upgrade_judge(push_upgrade *upgrade, push_server *server, const flx_request *head,
                        int is_local, void (*done)(void *data), void *data)
{
    flx_origin_rule rule = { server->settings->allow_origins, flx_request_host(head, is_local) };
    void *ticket;
    int status;

    memset(upgrade, 0, sizeof *upgrade);
    upgrade->server = server;
    upgrade->head = head;
    upgrade->done = done;
    upgrade->data = data;
    if (server->is_draining) {
        refuse(upgrade, 503);
        return;
    }
    status = flx_upgrade_read(&upgrade->connect, head, &rule);
    if (status != 0) {
        memset(&upgrade->connect, 0, sizeof upgrade->connect); /* there is nothing to free */
        refuse(upgrade, status);
        return;
    }
    /* with an answer at once the upgrade may be gone */
    ticket =
        server->application->connect(server, &upgrade->connect, is_local, on_connected, upgrade);
    if (ticket != NULL) {
        upgrade->ticket = ticket;
    }
}

void push_upgrade_end(push_upgrade *upgrade)
{
    if (upgrade->ticket != NULL) {
        upgrade->server->application->forget(upgrade->ticket);
    }
    if (upgrade->identity != NULL) {
        upgrade->server->application->drop(upgrade->identity);
    }
    push_block_release(upgrade->answer);
    flx_connect_free(&upgrade->connect);
    memset(upgrade, 0, sizeof *upgrade);
}
