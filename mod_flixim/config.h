/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of each virtual host and section: directives, merging, defaults. */
#ifndef FLIXIM_CONFIG_H
#define FLIXIM_CONFIG_H

#include "httpd.h"
#include "http_config.h"

#include "dbd_pool.h"
#include "flx_uuid.h"

/* FlixIMRateLimit: how many requests in which time; 0 requests for no limit. BUCKETS is where limiter.c
 * keeps what it needs for it. */
typedef struct flixim_rate {
    int requests;
    apr_interval_time_t per;
    struct flixim_buckets **buckets;
} flixim_rate;

/* Every setting of a virtual host, listed once: X(type, name, unset, default). From this list come
 * the struct, its creation (all unset), its merging (the virtual host's if set, else the main
 * server's) and the getters (the default, which may look at CONF, the whole of it, if still unset).
 *
 *   database_connections  statements that one child runs at the same time; by default as many as its
 *                         pool has connections
 *   database_timeout      how long a request waits for the database's answer
 *   database_wait         how long a request waits for its turn to ask
 *   token_key_file        the secret of HS256 tokens: an absolute path
 *   token_jwks_file       the public keys of RS256, PS256 and ES256 tokens: an absolute path
 *   token_issuer          what "iss" must be in a token, UTF-8
 *   token_audience        what "aud" must be or hold, UTF-8
 *   token_leeway          how far the clocks of issuer and server may be apart
 *   token_lifetime        how long a token of GET /token is valid
 *   rate_limit            how many requests each user may make, if there is a limit
 *   handoff               daemons (flixim_daemon *) that take WebSockets over; none if it is empty
 *   handoff_path          where WebSockets are, without "/websocket"
 *   handoff_wait          how long a request waits for a daemon's verdict
 *   socket_host           names (const char *, lower case) whose TLS connections are handed over; NULL for none
 *
 * The two files are one setting: a virtual host that has either has none of the main server's. */
#define FLIXIM_CONFIG_MEMBERS(X)                                                                   \
    X(int, database_connections, -1, flixim_dbd_pool_max(&conf->dbd_pool))                         \
    X(apr_interval_time_t, database_timeout, -1, apr_time_from_sec(5))                             \
    X(apr_interval_time_t, database_wait, -1, apr_time_from_sec(1))                                \
    X(const char *, token_key_file, NULL, NULL)                                                    \
    X(const char *, token_jwks_file, NULL, NULL)                                                   \
    X(const char *, token_issuer, NULL, NULL)                                                      \
    X(const char *, token_audience, NULL, NULL)                                                    \
    X(apr_interval_time_t, token_leeway, -1, apr_time_from_sec(30))                                \
    X(apr_interval_time_t, token_lifetime, -1, apr_time_from_sec(300))                             \
    X(const flixim_rate *, rate_limit, NULL, NULL)                                                 \
    X(const apr_array_header_t *, handoff, NULL, NULL)                                             \
    X(const char *, handoff_path, NULL, "/socket")                                                 \
    X(apr_interval_time_t, handoff_wait, -1, apr_time_from_sec(5))                                 \
    X(apr_array_header_t *, socket_host, NULL, NULL)

/* Every setting of a section, in the same way.
 *
 *   remote_user            whether a user that httpd itself has logged in is one of ours
 *   remote_user_namespace  in which a name that is no UUID has its version 5 UUID
 *   allowed_origins        origins (const char *) whose pages may read the answers; a section's
 *                          list takes the place of the one around it
 */
#define FLIXIM_CONFIG_SECTION_MEMBERS(X)                                                           \
    X(int, remote_user, -1, 0)                                                                     \
    X(const flx_uuid *, remote_user_namespace, NULL, NULL)                                         \
    X(const apr_array_header_t *, allowed_origins, NULL, NULL)

/* flixim_config_database_connections(s) and so on: the setting in force in a virtual host. */
#define FLIXIM_CONFIG_DECLARE(type, name, unset, value)                                            \
    type flixim_config_##name(const server_rec *s);
FLIXIM_CONFIG_MEMBERS(FLIXIM_CONFIG_DECLARE)
#undef FLIXIM_CONFIG_DECLARE

/* flixim_config_remote_user(r) and so on: the setting in force for a request, from the time on at
 * which httpd has found its section; for one that failed before, see flixim_location_is_below. */
#define FLIXIM_CONFIG_DECLARE(type, name, unset, value)                                            \
    type flixim_config_##name(const request_rec *r);
FLIXIM_CONFIG_SECTION_MEMBERS(FLIXIM_CONFIG_DECLARE)
#undef FLIXIM_CONFIG_DECLARE

/* What mod_dbd has been told for S. */
flixim_dbd_pool *flixim_config_dbd_pool(const server_rec *s);

/* The FlixIMDatabaseConnections in force in S; NULL if there is none. */
const ap_directive_t *flixim_config_database_connections_directive(const server_rec *s);

/* The virtual host whose key files are in force in S: S itself if it has one, else the main server. */
const server_rec *flixim_config_token_owner(const server_rec *s);

/* Places where shared.c and keys.c keep, for S, what the threads of a child share; filled before
 * there are threads, and only read afterwards. */
void **flixim_config_database_slot(const server_rec *s);
void **flixim_config_keys_slot(const server_rec *s);

/* The directive that set the key file or the JWKS file of S; NULL if S itself has none. */
const ap_directive_t *flixim_config_token_key_directive(const server_rec *s);
const ap_directive_t *flixim_config_token_jwks_directive(const server_rec *s);

/* The directive that gave S itself socket hosts; NULL if there is none. */
const ap_directive_t *flixim_config_socket_host_directive(const server_rec *s);

/* Whether any virtual host has socket hosts: kept with the main server, set before there are children. */
int *flixim_config_has_socket_hosts(const server_rec *main_server);

/* What the module record needs. */
void *flixim_config_create_server(apr_pool_t *p, server_rec *s);
void *flixim_config_merge_server(apr_pool_t *p, void *main_server, void *virtual_host);
void *flixim_config_create_section(apr_pool_t *p, char *path);
void *flixim_config_merge_section(apr_pool_t *p, void *outer, void *inner);

#endif
