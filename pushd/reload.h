/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is read from files: settings, keys, certificate; at the start, and again on SIGHUP. */
#ifndef PUSH_RELOAD_H
#define PUSH_RELOAD_H

#include <stddef.h>

struct push_server;

/* Where the settings come from. */
typedef struct push_sources {
    const char *path;         /* of the file; NULL: none */
    const char *const *flags; /* and what the command line says, which outweighs it */
    int count;
} push_sources;

/* Reads all of it into settings, tokens, tls and providers of a server that has none yet. Returns 0, or -1 with *why, a
 * sentence in a buffer of the given size. */
int push_reload_first(struct push_server *server, const push_sources *sources, char *why,
                      size_t size) __attribute__((warn_unused_result));

/* Reads all of it again. If anything is no good nothing changes; the log says what came of it. */
void push_reload(struct push_server *server, const push_sources *sources);

/* Gives back what the two above made. */
void push_reload_free(struct push_server *server);

#endif
