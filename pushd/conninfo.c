/* SPDX-License-Identifier: Apache-2.0 */
/* What a session connects with: the setting database, what the daemon adds to it, and host names looked up without
 * blocking the loop. */
#include "conninfo.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "flx_buffer.h"
#include "log.h"

#define PARAMETERS 64   /* more than libpq has */
#define LIST_SIZE  8192 /* of hosts, addresses, ports */
#define NAME_SIZE  256

struct push_conninfo {
    uv_getaddrinfo_t request;
    push_server *server;
    PQconninfoOption *options;
    push_conninfo_made *done; /* NULL: forgotten */
    void *data;
    /* the lists of the setting: where the next entry begins, NULL at the end */
    const char *next_host;
    const char *next_port;
    char host[NAME_SIZE];
    char port[NAME_SIZE];
    /* what they become: one entry for each address */
    flx_buffer hosts;
    flx_buffer addresses;
    flx_buffer ports;
    int count;
};

static const char *option_of(const push_conninfo *conninfo, const char *keyword)
{
    const PQconninfoOption *option = conninfo->options;

    while (option->keyword != NULL && strcmp(option->keyword, keyword) != 0) {
        option++;
    }
    return option->keyword != NULL && option->val != NULL && *option->val ? option->val : NULL;
}

static void end(push_conninfo *conninfo)
{
    PQconninfoFree(conninfo->options);
    flx_buffer_free(&conninfo->hosts);
    flx_buffer_free(&conninfo->addresses);
    flx_buffer_free(&conninfo->ports);
    free(conninfo);
}

typedef struct parameters {
    int count;
    const char *keywords[PARAMETERS + 1];
    const char *values[PARAMETERS + 1];
} parameters;

static void put(parameters *all, const char *keyword, const char *value)
{
    if (value != NULL && all->count < PARAMETERS) {
        all->keywords[all->count] = keyword;
        all->values[all->count++] = value;
    }
}

/* The settings of the session, as the option that libpq sends with its first packet. What the setting database has comes
 * last and so wins. */
static void write_options(const push_conninfo *conninfo, char *text, size_t size)
{
    int64_t timeout = conninfo->server->settings->database_timeout;
    const char *own = option_of(conninfo, "options");

    /* Warnings, because one of them tells that a commit is not what it seems. */
    snprintf(text, size,
             "-c timezone=UTC -c client_min_messages=warning -c statement_timeout=%lld "
             "-c lock_timeout=%lld -c idle_in_transaction_session_timeout=%lld "
             "-c default_transaction_isolation=read\\ committed %s",
             (long long)(timeout * 9 / 10), (long long)(timeout * 3 / 4), (long long)timeout * 2,
             own != NULL ? own : "");
}

/* What the daemon wants unless the setting says otherwise. */
static void put_defaults(const push_conninfo *conninfo, parameters *all)
{
    static const char *const defaults[][2] = {
        { "application_name", "flixim-pushd" },
        { "keepalives_idle", "10" },
        { "keepalives_interval", "5" },
        { "keepalives_count", "3" },
        { "tcp_user_timeout", "10000" },
        { "target_session_attrs", "read-write" },
        /* asking for a ticket would block */
        { "gssencmode", "disable" },
    };
    size_t i;

    for (i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (option_of(conninfo, defaults[i][0]) == NULL) {
            put(all, defaults[i][0], defaults[i][1]);
        }
    }
}

static int is_ours(const char *keyword)
{
    static const char *const ours[] = { "host", "hostaddr", "port", "options", "client_encoding" };
    size_t i;

    for (i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (strcmp(keyword, ours[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Hands it all to whoever asked. was_looked_up 0: hosts as the setting has them. */
static void finish(push_conninfo *conninfo, int was_looked_up)
{
    char options[1024];
    parameters all = { 0 };
    const PQconninfoOption *option;

    for (option = conninfo->options; option->keyword != NULL; option++) {
        if (!is_ours(option->keyword)) {
            put(&all, option->keyword, option_of(conninfo, option->keyword));
        }
    }
    if (was_looked_up) {
        flx_buffer_add(&conninfo->hosts, "", 1);
        flx_buffer_add(&conninfo->addresses, "", 1);
        flx_buffer_add(&conninfo->ports, "", 1);
        put(&all, "host", conninfo->hosts.at);
        put(&all, "hostaddr", conninfo->addresses.at);
        put(&all, "port", conninfo->ports.at);
    }
    else {
        put(&all, "host", option_of(conninfo, "host"));
        put(&all, "hostaddr", option_of(conninfo, "hostaddr"));
        put(&all, "port", option_of(conninfo, "port"));
    }
    write_options(conninfo, options, sizeof options);
    put(&all, "options", options);
    put(&all, "client_encoding", "UTF8");
    put_defaults(conninfo, &all);
    all.keywords[all.count] = NULL;
    all.values[all.count] = NULL;
    conninfo->done(conninfo->data, all.keywords, all.values);
    end(conninfo);
}

static void fail(push_conninfo *conninfo)
{
    conninfo->done(conninfo->data, NULL, NULL);
    end(conninfo);
}

/* Copies the entry that begins at *next and moves on. */
static void take_entry(const char **next, char entry[NAME_SIZE])
{
    size_t length = strcspn(*next, ",");

    snprintf(entry, NAME_SIZE, "%.*s", length < NAME_SIZE ? (int)length : NAME_SIZE - 1, *next);
    *next = (*next)[length] == ',' ? *next + length + 1 : NULL;
}

static void add_entry(flx_buffer *list, int is_first, const char *entry)
{
    flx_buffer_add(list, ",", !is_first);
    flx_buffer_add_text(list, entry);
}

/* One address of the present host; "" for a folder with a socket. */
static void add_address(push_conninfo *conninfo, const char *address)
{
    add_entry(&conninfo->hosts, conninfo->count == 0, conninfo->host);
    add_entry(&conninfo->addresses, conninfo->count == 0, address);
    add_entry(&conninfo->ports, conninfo->count == 0, conninfo->port);
    conninfo->count++;
}

static int needs_look_up(const char *host)
{
    return *host != '\0' && *host != '/' && *host != '@';
}

static int look_up_next(push_conninfo *conninfo);

static void looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    push_conninfo *conninfo = request->data;
    const struct addrinfo *address;
    char text[NI_MAXHOST];

    if (conninfo->done == NULL) {
        uv_freeaddrinfo(found);
        end(conninfo);
        return;
    }
    if (status != 0) {
        push_log(PUSH_LOG_WARNING, "FLX1211: host %s of the database: %s", conninfo->host,
                 uv_strerror(status));
    }
    for (address = status == 0 ? found : NULL; address != NULL; address = address->ai_next) {
        if (getnameinfo(address->ai_addr, address->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0) {
            add_address(conninfo, text);
        }
    }
    uv_freeaddrinfo(found);
    (void)look_up_next(conninfo);
}

/* Goes through the list of hosts until one needs looking up: 1; or to its end: 0, and done was called. */
static int look_up_next(push_conninfo *conninfo)
{
    static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

    while (conninfo->next_host != NULL) {
        take_entry(&conninfo->next_host, conninfo->host);
        if (conninfo->next_port != NULL) {
            take_entry(&conninfo->next_port, conninfo->port);
        }
        if (!needs_look_up(conninfo->host)) {
            add_address(conninfo, "");
        }
        else if (uv_getaddrinfo(conninfo->server->loop, &conninfo->request, looked_up,
                                conninfo->host, NULL, &hints) == 0) {
            return 1;
        }
    }
    if (conninfo->count == 0 || flx_buffer_failed(&conninfo->hosts) ||
        flx_buffer_failed(&conninfo->addresses) || flx_buffer_failed(&conninfo->ports)) {
        fail(conninfo);
        return 0;
    }
    finish(conninfo, 1);
    return 0;
}

/* Whether some host of a list is a name. */
static int has_names(const char *hosts)
{
    char host[NAME_SIZE];

    while (hosts != NULL) {
        take_entry(&hosts, host);
        if (needs_look_up(host)) {
            return 1;
        }
    }
    return 0;
}

push_conninfo *push_conninfo_make(push_server *server, push_conninfo_made *done, void *data)
{
    push_conninfo *conninfo = calloc(1, sizeof *conninfo);
    const char *hosts;

    if (conninfo == NULL) {
        done(data, NULL, NULL);
        return NULL;
    }
    conninfo->server = server;
    conninfo->done = done;
    conninfo->data = data;
    conninfo->request.data = conninfo;
    flx_buffer_init(&conninfo->hosts, LIST_SIZE);
    flx_buffer_init(&conninfo->addresses, LIST_SIZE);
    flx_buffer_init(&conninfo->ports, LIST_SIZE);
    conninfo->options = PQconninfoParse(server->settings->database, NULL);
    if (conninfo->options == NULL) {
        /* libpq's reason would quote it, and there may be a password in it */
        push_log(PUSH_LOG_ERROR, "FLX1210: the setting database is no connection string of libpq");
        done(data, NULL, NULL);
        free(conninfo);
        return NULL;
    }
    hosts = option_of(conninfo, "host");
    if (hosts == NULL) {
        hosts = getenv("PGHOST"); /* as libpq does */
    }
    if (option_of(conninfo, "hostaddr") != NULL || !has_names(hosts)) {
        finish(conninfo, 0);
        return NULL;
    }
    conninfo->next_host = hosts;
    conninfo->next_port = option_of(conninfo, "port");
    if (conninfo->next_port == NULL) {
        conninfo->next_port = getenv("PGPORT");
    }
    if (conninfo->next_port == NULL) {
        conninfo->next_port = "5432";
    }
    return look_up_next(conninfo) ? conninfo : NULL;
}

void push_conninfo_forget(push_conninfo *conninfo)
{
    if (conninfo != NULL) {
        conninfo->done = NULL;
        (void)uv_cancel((uv_req_t *)&conninfo->request);
    }
}
