/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of each virtual host: directives, merging, defaults. */
#ifndef FLIXIM_CONFIG_H
#define FLIXIM_CONFIG_H

#include "httpd.h"
#include "http_config.h"

/* The name in SetHandler. */
#define FLIXIM_HANDLER "flixim"

/* Every setting of a virtual host, listed once: X(type, name, default). From this list come the
 * struct, its creation (all unset), its merging (the virtual host's if set, else the main server's)
 * and the getters (the default if still unset). Unset is -1 for all of them.
 *
 *   database_connections  statements that one child runs at the same time
 *   database_timeout      how long a request waits for the database's answer
 *   database_wait         how long a request waits for its turn to ask
 */
#define FLIXIM_CONFIG_MEMBERS(X)                                                                   \
    X(int, database_connections, 10)                                                               \
    X(apr_interval_time_t, database_timeout, apr_time_from_sec(5))                                 \
    X(apr_interval_time_t, database_wait, apr_time_from_sec(1))

/* flixim_config_database_connections(s) and so on: the setting in force in a virtual host. */
#define FLIXIM_CONFIG_DECLARE(type, name, value) type flixim_config_##name(const server_rec *s);
FLIXIM_CONFIG_MEMBERS(FLIXIM_CONFIG_DECLARE)
#undef FLIXIM_CONFIG_DECLARE

/* The virtual host whose FlixIMDatabaseConnections is in force in S: S itself if it has the
 * directive, else the main server. Virtual hosts with the same owner count together. */
const server_rec *flixim_config_database_owner(const server_rec *s);

/* A place where database.c keeps, for S, what the threads of a child share; filled by its child_init,
 * before there are threads, and only read afterwards. */
void **flixim_config_database_slot(const server_rec *s);

/* The URL path of the <Location> whose SetHandler is in force for R ("/api/v1"), without a slash at
 * its end; NULL if something else chose this handler. */
const char *flixim_config_location(const request_rec *r);

/* What the module record needs. */
void *flixim_config_create_server(apr_pool_t *p, server_rec *s);
void *flixim_config_merge_server(apr_pool_t *p, void *main_server, void *virtual_host);
extern const command_rec flixim_config_directives[];

#endif
