/* SPDX-License-Identifier: Apache-2.0 */
/* What mod_dbd is told about the pool of each virtual host: noted as it goes by, as mod_dbd tells nobody. */
#include "dbd_pool.h"
#include "private.h"

#include "apr_strings.h"
#include "libpq-fe.h"

#include "config.h"
#include "directives.h"

/* mod_dbd takes what does not fit into an int for another number. */
#define DIGITS 9

static const char *const names[] = {
#define NAME(name, directive) [FLIXIM_DBD_##name] = (directive),
    FLIXIM_DBD_SETTINGS(NAME)
#undef NAME
};

/* Those of mod_dbd, for the settings that are numbers. */
static const int defaults[] = {
    [FLIXIM_DBD_MIN] = 1,
    [FLIXIM_DBD_KEEP] = 2,
    [FLIXIM_DBD_MAX] = 10,
    [FLIXIM_DBD_EXPTIME] = 300,
};

const char *flixim_dbd_pool_note(cmd_parms *cmd, void *dir, const char *arg)
{
    flixim_dbd_pool *pool = flixim_config_dbd_pool(cmd->server);
    apr_size_t length = strlen(arg);
    int i = 0;

    (void)dir;
    while (strcmp(names[i], cmd->cmd->name) != 0) {
        i++;
    }
    /* Without us httpd would not know the directive at all. */
    if (!ap_find_linked_module("mod_dbd.c")) {
        return apr_psprintf(cmd->pool, "%s needs mod_dbd: load it as well", names[i]);
    }
    if (i >= FLIXIM_DBD_MIN && (length > DIGITS || strspn(arg, "0123456789") != length)) {
        return apr_psprintf(cmd->pool, "%s must be a whole number of at most %d digits, not \"%s\"",
                            names[i], DIGITS, arg);
    }
    pool->values[i] = arg;
    pool->directives[i] = cmd->directive;
    return NULL;
}

void flixim_dbd_pool_merge(flixim_dbd_pool *pool, const flixim_dbd_pool *base,
                           const flixim_dbd_pool *add)
{
    for (int i = 0; i < FLIXIM_DBD_COUNT; i++) {
        const flixim_dbd_pool *from = add->values[i] ? add : base;

        pool->values[i] = from->values[i];
        pool->directives[i] = from->directives[i];
    }
}

static int number(const flixim_dbd_pool *pool, int setting)
{
    const char *value = pool->values[setting];

    return value ? (int)apr_atoi64(value) : defaults[setting];
}

int flixim_dbd_pool_max(const flixim_dbd_pool *pool)
{
    return number(pool, FLIXIM_DBD_MAX);
}

static int is_persistent(const flixim_dbd_pool *pool)
{
    const char *value = pool->values[FLIXIM_DBD_PERSIST];

    return !value || ap_cstr_casecmp(value, "off") != 0;
}

static int is_same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

int flixim_dbd_pool_is_same(const flixim_dbd_pool *a, const flixim_dbd_pool *b)
{
    int is_same = is_same_text(a->values[FLIXIM_DBD_DRIVER], b->values[FLIXIM_DBD_DRIVER]) &&
                  is_same_text(a->values[FLIXIM_DBD_PARAMS], b->values[FLIXIM_DBD_PARAMS]) &&
                  is_persistent(a) == is_persistent(b);

    for (int i = FLIXIM_DBD_MIN; i <= FLIXIM_DBD_EXPTIME; i++) {
        is_same = is_same && number(a, i) == number(b, i);
    }
    return is_same;
}

/* The seconds of connect_timeout in PARAMS, 0 if there is none; -1 if PARAMS cannot be read. */
static int connect_timeout(const char *params)
{
    PQconninfoOption *options = PQconninfoParse(params, NULL);
    int seconds = options ? 0 : -1;

    for (const PQconninfoOption *o = options; o && o->keyword; o++) {
        if (!strcmp(o->keyword, "connect_timeout") && o->val) {
            apr_int64_t value = apr_atoi64(o->val);

            seconds = value > 0 && value <= INT_MAX ? (int)value : 0;
        }
    }
    PQconninfoFree(options);
    return seconds;
}

int flixim_dbd_pool_has_time_limit(const flixim_dbd_pool *pool)
{
    return connect_timeout(pool->values[FLIXIM_DBD_PARAMS]) > 0;
}

/* As flixim_dbd_pool_fault, of the sizes: with these mod_dbd makes no pool, at its first request. */
static const char *fault_of_sizes(apr_pool_t *p, const flixim_dbd_pool *pool,
                                  const ap_directive_t **where)
{
    int min = number(pool, FLIXIM_DBD_MIN);
    int keep = number(pool, FLIXIM_DBD_KEEP);
    int max = number(pool, FLIXIM_DBD_MAX);

    if (min <= keep && keep <= max && max > 0) {
        return NULL;
    }
    *where = flixim_directives_nearer(pool->directives[FLIXIM_DBD_MAX],
                                      flixim_directives_nearer(pool->directives[FLIXIM_DBD_KEEP],
                                                               pool->directives[FLIXIM_DBD_MIN]));
    return apr_psprintf(p,
                        "mod_dbd needs DBDMin <= DBDKeep <= DBDMax, and DBDMax above 0: "
                        "here they are %d, %d and %d",
                        min, keep, max);
}

const char *flixim_dbd_pool_fault(apr_pool_t *p, const flixim_dbd_pool *pool,
                                  const ap_directive_t **where)
{
    const char *driver = pool->values[FLIXIM_DBD_DRIVER];
    const char *params = pool->values[FLIXIM_DBD_PARAMS];

    if (!driver || !params) {
        *where = NULL;
        return apr_psprintf(p, "SetHandler flixim needs a database: %s is missing",
                            driver ? "DBDParams" : "DBDriver pgsql");
    }
    if (strcmp(driver, "pgsql") != 0) {
        *where = pool->directives[FLIXIM_DBD_DRIVER];
        return apr_psprintf(p, "SetHandler flixim needs DBDriver pgsql, not \"%s\"", driver);
    }
    /* What libpq says may quote a password. */
    if (connect_timeout(params) < 0) {
        *where = pool->directives[FLIXIM_DBD_PARAMS];
        return "DBDParams is no connection string that libpq can read";
    }
    if (!is_persistent(pool)) {
        *where = pool->directives[FLIXIM_DBD_PERSIST];
        return "SetHandler flixim needs DBDPersist On: without a pool each statement connects anew";
    }
    return fault_of_sizes(p, pool, where);
}
