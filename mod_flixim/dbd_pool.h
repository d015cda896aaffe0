/* SPDX-License-Identifier: Apache-2.0 */
/* What mod_dbd is told about the pool of each virtual host: noted as it goes by, as mod_dbd tells nobody. */
#ifndef FLIXIM_DBD_POOL_H
#define FLIXIM_DBD_POOL_H

#include "httpd.h"
#include "http_config.h"

/* mod_dbd's directives that make a pool what it is: X(name, directive). mod_dbd has one pool for all
 * virtual hosts that agree in every one of them. Those that differ in DBDPrepareSQL, too, have several;
 * that is not looked at. */
#define FLIXIM_DBD_SETTINGS(X)                                                                     \
    X(DRIVER, "DBDriver")                                                                          \
    X(PARAMS, "DBDParams")                                                                         \
    X(PERSIST, "DBDPersist")                                                                       \
    X(MIN, "DBDMin")                                                                               \
    X(KEEP, "DBDKeep")                                                                             \
    X(MAX, "DBDMax")                                                                               \
    X(EXPTIME, "DBDExptime")

typedef enum flixim_dbd_setting {
#define FLIXIM_DBD_ENUM(name, directive) FLIXIM_DBD_##name,
    FLIXIM_DBD_SETTINGS(FLIXIM_DBD_ENUM)
#undef FLIXIM_DBD_ENUM
        FLIXIM_DBD_COUNT
} flixim_dbd_setting;

/* The settings in force in a virtual host, and the directives that they are from; NULL: mod_dbd's
 * default. */
typedef struct flixim_dbd_pool {
    const char *values[FLIXIM_DBD_COUNT];
    const ap_directive_t *directives[FLIXIM_DBD_COUNT];
} flixim_dbd_pool;

/* The handler of all of them, beside mod_dbd's own: httpd calls both, in the order of loading. */
const char *flixim_dbd_pool_note(cmd_parms *cmd, void *dir, const char *arg);

/* Makes POOL what is in force in a virtual host with ADD in a server with BASE. */
void flixim_dbd_pool_merge(flixim_dbd_pool *pool, const flixim_dbd_pool *base,
                           const flixim_dbd_pool *add);

/* DBDMax, as in force in a virtual host with POOL. */
int flixim_dbd_pool_max(const flixim_dbd_pool *pool);

/* Whether mod_dbd has one pool for virtual hosts with A and with B. */
int flixim_dbd_pool_is_same(const flixim_dbd_pool *a, const flixim_dbd_pool *b);

/* Why POOL will not do for an API: a sentence from P, and in *WHERE the directive at fault (NULL: one is
 * missing); NULL if it will do. */
const char *flixim_dbd_pool_fault(apr_pool_t *p, const flixim_dbd_pool *pool,
                                  const ap_directive_t **where);

/* Whether DBDParams, which has no fault, limits how long a connection may take. */
int flixim_dbd_pool_has_time_limit(const flixim_dbd_pool *pool);

#endif
