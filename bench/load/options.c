/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of flixim-load. */
#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_kind {
    KIND_SWITCH,
    KIND_TEXT,
    KIND_COUNT,
    KIND_SECONDS,
    KIND_TO,
    KIND_FROM
} option_kind;

static const struct option {
    const char *name;
    option_kind kind;
    size_t offset;
} table[] = {
    { "--to", KIND_TO, offsetof(load_options, to) },
    { "--from", KIND_FROM, offsetof(load_options, from) },
    { "--tls", KIND_SWITCH, offsetof(load_options, is_tls) },
    { "--host", KIND_TEXT, offsetof(load_options, host) },
    { "--ca", KIND_TEXT, offsetof(load_options, authority) },
    { "--path", KIND_TEXT, offsetof(load_options, path) },
    { "--publish", KIND_TEXT, offsetof(load_options, publish) },
    { "--users", KIND_TEXT, offsetof(load_options, users) },
    { "--groups", KIND_TEXT, offsetof(load_options, groups) },
    { "--seconds", KIND_SECONDS, offsetof(load_options, seconds) },
    { "--warm", KIND_SECONDS, offsetof(load_options, warm) },
    { "--grace", KIND_SECONDS, offsetof(load_options, grace) },
    { "--patience", KIND_SECONDS, offsetof(load_options, patience) },
    { "--beat", KIND_SECONDS, offsetof(load_options, beat) },
    { "--rate", KIND_COUNT, offsetof(load_options, rate) },
    { "--in-flight", KIND_COUNT, offsetof(load_options, in_flight) },
};

static int usage(const char *fault, const char *word)
{
    fprintf(stderr,
            "flixim-load: %s: %s\n"
            "usage: flixim-load connect|chat|fanout --to ADDRESS:PORT [--to ...] --users FILE\n"
            "    [--from ADDRESS ...] [--tls] [--host NAME] [--ca FILE] [--path PATH]\n"
            "    [--protocol phoenix|nchan] [--publish PATH] [--in-flight N] [--patience SECONDS]\n"
            "    [--seconds S] [--warm S] [--grace S] [--beat S] [--rate N] [--groups FILE]\n",
            fault, word);
    return -1;
}

/* "127.0.0.1:80", or without the port. */
static int add_address(load_addresses *addresses, const char *word, int has_port)
{
    struct sockaddr_in *address = &addresses->at[addresses->count];
    const char *colon = strchr(word, ':');
    char host[64] = "";
    long port = 0;
    char *end = NULL;

    if (addresses->count == LOAD_ADDRESSES || (colon != NULL) != has_port) {
        return -1;
    }
    if (colon != NULL) {
        port = strtol(colon + 1, &end, 10);
        if (*end != '\0' || end == colon + 1 || port < 1 || port > 65535) {
            return -1;
        }
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)strcspn(word, ":"), word);
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, host, &address->sin_addr) != 1) {
        return -1;
    }
    addresses->count++;
    return 0;
}

static int take_value(load_options *options, const struct option *option, const char *word)
{
    void *member = (char *)options + option->offset;
    char *end = NULL;

    switch (option->kind) {
    case KIND_TO:
    case KIND_FROM:
        return add_address(member, word, option->kind == KIND_TO);
    case KIND_TEXT:
        *(const char **)member = word;
        return 0;
    case KIND_COUNT:
        errno = 0;
        *(long *)member = strtol(word, &end, 10);
        return errno == 0 && end != word && *end == '\0' && *(long *)member > 0 ? 0 : -1;
    case KIND_SECONDS:
        *(double *)member = strtod(word, &end);
        return end != word && *end == '\0' && *(double *)member >= 0 && *(double *)member < 1e6
                   ? 0
                   : -1;
    case KIND_SWITCH:
        break;
    }
    return -1;
}

static int take_mode(load_options *options, const char *word)
{
    static const char *const names[] = { "connect", "chat", "fanout" };
    unsigned i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(word, names[i]) == 0) {
            options->mode = (load_mode)i;
            return 0;
        }
    }
    return -1;
}

static const struct option *find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(name, table[i].name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

/* One option of the command line: how many words it took, or -1. */
static int take_option(load_options *options, char **words, int count)
{
    const struct option *option = find(words[0]);

    if (option != NULL && option->kind == KIND_SWITCH) {
        *(int *)((char *)options + option->offset) = 1;
        return 1;
    }
    if (count < 2) {
        return usage("not understood", words[0]);
    }
    if (strcmp(words[0], "--protocol") == 0 &&
        (strcmp(words[1], "phoenix") == 0 || strcmp(words[1], "nchan") == 0)) {
        options->dialect = strcmp(words[1], "nchan") == 0 ? LOAD_NCHAN : LOAD_PHOENIX;
        return 2;
    }
    if (option == NULL || take_value(options, option, words[1]) != 0) {
        return usage("not understood", words[option != NULL]);
    }
    return 2;
}

static int check(const load_options *options)
{
    if (options->to.count == 0 || options->users == NULL) {
        return usage("missing", options->to.count == 0 ? "--to" : "--users");
    }
    if (options->mode == LOAD_FANOUT && options->groups == NULL) {
        return usage("missing", "--groups");
    }
    if (options->dialect == LOAD_NCHAN && options->mode == LOAD_CHAT) {
        return usage("not with nchan", "chat");
    }
    if (options->dialect == LOAD_NCHAN && options->mode == LOAD_FANOUT &&
        (options->publish == NULL || options->is_tls)) {
        return usage("fanout with nchan takes --publish, and no", "--tls");
    }
    return 0;
}

int load_options_read(load_options *options, int count, char **words)
{
    int i, took;

    *options = (load_options){ .path = "/socket/websocket",
                               .seconds = 5,
                               .grace = 10,
                               .patience = 30,
                               .beat = 25,
                               .in_flight = 200 };
    if (count < 2 || take_mode(options, words[1]) != 0) {
        return usage("no mode", count < 2 ? "" : words[1]);
    }
    for (i = 2; i < count; i += took) {
        took = take_option(options, words + i, count - i);
        if (took < 0) {
            return -1;
        }
    }
    return check(options);
}
