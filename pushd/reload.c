/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is read from files: settings, keys, certificate; at the start, and again on SIGHUP. */
#include "reload.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "notifier.h"
#include "providers.h"
#include "server.h"
#include "systemd.h"
#include "tls.h"
#include "tokens.h"

#define WHY_LIMIT 600

/* What was read, before it becomes the server's. */
typedef struct files_read {
    const push_settings *settings;
    struct push_tokens *tokens;
    struct push_tls *tls;
    struct push_providers *providers;
} files_read;

static void drop(files_read *old)
{
    push_providers_free(old->providers);
    push_tls_free(old->tls);
    push_tokens_free(old->tokens);
    push_settings_free(old->settings);
}

/* libpq's own words could have a part of a password in them. */
static int check_database(const char *text, char *why, size_t size)
{
    PQconninfoOption *options = PQconninfoParse(text, NULL);

    if (options == NULL) {
        snprintf(why, size, "database is no connection string that libpq understands");
        return -1;
    }
    PQconninfoFree(options);
    return 0;
}

static int read_all(files_read *new, const push_sources *sources, char *why, size_t size)
{
    const push_settings *settings =
        push_settings_read(sources->path, sources->flags, sources->count, why, size);

    memset(new, 0, sizeof *new);
    new->settings = settings;
    if (settings == NULL || check_database(settings->database, why, size) != 0) {
        goto failed;
    }
    new->tokens = push_tokens_read(settings, why, size);
    if (new->tokens == NULL) {
        goto failed;
    }
    if (*settings->tls_certificate_file != '\0') {
        new->tls = push_tls_make(settings->tls_certificate_file, settings->tls_key_file, why, size);
        if (new->tls == NULL) {
            goto failed;
        }
    }
    new->providers = push_providers_read(settings, why, size);
    if (new->providers == NULL) {
        goto failed;
    }
    return 0;

failed:
    drop(new);
    return -1;
}

static files_read in_use(const struct push_server *server)
{
    files_read files = { server->settings, server->tokens, server->tls, server->providers };

    return files;
}

static void take(struct push_server *server, const files_read *new)
{
    server->settings = new->settings;
    server->tokens = new->tokens;
    server->tls = new->tls;
    server->providers = new->providers;
    push_log_set_level(new->settings->log_level);
}

int push_reload_first(struct push_server *server, const push_sources *sources, char *why,
                      size_t size)
{
    files_read new;

    if (read_all(&new, sources, why, size) != 0) {
        return -1;
    }
    take(server, &new);
    return 0;
}

void push_reload(struct push_server *server, const push_sources *sources)
{
    files_read old = in_use(server), new;
    char why[WHY_LIMIT];

    push_systemd_is_reloading();
    if (read_all(&new, sources, why, sizeof why) != 0) {
        push_log(PUSH_LOG_ERROR, "FLX1305: settings not reloaded, the old ones stay: %s", why);
    }
    else if (push_settings_keep_fixed(new.settings, old.settings, why, sizeof why) != 0) {
        push_log(PUSH_LOG_ERROR, "FLX1306: settings not reloaded: out of memory");
        drop(&new);
    }
    else if (*server->settings->listen_tls != '\0' && new.tls == NULL) {
        push_log(PUSH_LOG_ERROR, "FLX1307: settings not reloaded: listen_tls, which stays until a "
                                 "restart, needs a certificate");
        drop(&new);
    }
    else {
        take(server, &new);
        drop(&old);
        if (*why != '\0') {
            push_log(PUSH_LOG_WARNING, "FLX1308: these need a restart to change: %s", why);
        }
        push_notifier_hurry(server->notifier);
        push_log(PUSH_LOG_INFO, "FLX1309: settings reloaded");
    }
    push_systemd_is_ready();
}

void push_reload_free(struct push_server *server)
{
    files_read old = in_use(server);

    drop(&old);
    server->settings = NULL;
    server->tokens = NULL;
    server->tls = NULL;
    server->providers = NULL;
}
