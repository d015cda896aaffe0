/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of each virtual host: directives, merging, defaults. */
#include "config.h"
#include "private.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "http_core.h"

#define UNSET (-1)

typedef struct {
#define MEMBER(type, name, value) type name;
    FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER
    /* the server whose database_connections this is */
    const server_rec *database_owner;
    /* see flixim_config_database_slot */
    void *database_slot;
} server_config;

static server_config *server_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &flixim_module);
}

void *flixim_config_create_server(apr_pool_t *p, server_rec *s)
{
    server_config *conf = apr_pcalloc(p, sizeof(*conf));

#define MEMBER(type, name, value) conf->name = UNSET;
    FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER
    conf->database_owner = s;
    return conf;
}

void *flixim_config_merge_server(apr_pool_t *p, void *main_server, void *virtual_host)
{
    const server_config *base = main_server;
    const server_config *add = virtual_host;
    server_config *conf = apr_pcalloc(p, sizeof(*conf));

#define MEMBER(type, name, value) conf->name = add->name != UNSET ? add->name : base->name;
    FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER
    /* The owner goes with the number: they are one setting. */
    conf->database_owner =
        add->database_connections != UNSET ? add->database_owner : base->database_owner;
    return conf;
}

#define MEMBER(type, name, value)                                                                  \
    type flixim_config_##name(const server_rec *s)                                                 \
    {                                                                                              \
        const server_config *conf = server_config_of(s);                                           \
        return conf->name != UNSET ? conf->name : (value);                                         \
    }
FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER

const server_rec *flixim_config_database_owner(const server_rec *s)
{
    return server_config_of(s)->database_owner;
}

void **flixim_config_database_slot(const server_rec *s)
{
    return &server_config_of(s)->database_slot;
}

/* The section is recognized by its SetHandler, which is the one in force for the request. A
 * per-directory configuration of ours would not do: it exists only in sections with a directive of
 * ours, and a section further in (to restrict /health, say) hides the path of the one around it. */
const char *flixim_config_location(const request_rec *r)
{
    const core_server_config *core = ap_get_core_module_config(r->server->module_config);
    const core_dir_config *in_force = ap_get_core_module_config(r->per_dir_config);

    for (int i = 0; in_force->expr_handler && i < core->sec_url->nelts; i++) {
        ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
        const core_dir_config *dir = ap_get_core_module_config(section);

        if (dir->expr_handler == in_force->expr_handler) {
            apr_size_t length = strlen(dir->d);

            while (length > 0 && dir->d[length - 1] == '/') {
                length--;
            }
            return strncmp(r->uri, dir->d, length) ? NULL : apr_pstrmemdup(r->pool, dir->d, length);
        }
    }
    return NULL;
}

/* Parses all of ARG as a decimal number without a sign; -1 if it is none, or has over nine digits. */
static int parse_number(const char *arg, const char **end)
{
    int value = 0;
    int digits = 0;

    for (; apr_isdigit(*arg); arg++) {
        if (++digits > 9) {
            return -1;
        }
        value = value * 10 + (*arg - '0');
    }
    *end = arg;
    return digits ? value : -1;
}

/* Parses ARG in httpd's time syntax: a number and a unit, seconds if there is none. httpd's own
 * parser takes whatever follows a unit it knows, so "5seconds" or "1msec"; this one does not. */
static apr_interval_time_t parse_time(const char *arg)
{
    static const struct {
        const char *unit;
        apr_interval_time_t length;
    } units[] = {
        { "", APR_USEC_PER_SEC },         { "ms", 1000 },
        { "s", APR_USEC_PER_SEC },        { "mi", 60 * APR_USEC_PER_SEC },
        { "min", 60 * APR_USEC_PER_SEC }, { "h", 3600 * APR_USEC_PER_SEC },
    };
    const char *unit;
    int number = parse_number(arg, &unit);

    for (apr_size_t i = 0; number >= 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (!ap_cstr_casecmp(unit, units[i].unit)) {
            return number * units[i].length;
        }
    }
    return UNSET;
}

static const char *set_database_connections(cmd_parms *cmd, void *dir, const char *arg)
{
    const char *end;
    int number = parse_number(arg, &end);

    (void)dir;
    if (number < 1 || number > 10000 || *end != '\0') {
        return apr_psprintf(cmd->pool, "%s must be a whole number from 1 to 10000, not \"%s\"",
                            cmd->cmd->name, arg);
    }
    server_config_of(cmd->server)->database_connections = number;
    return NULL;
}

/* Sets *SLOT from ARG, or returns why not. */
static const char *set_time(cmd_parms *cmd, const char *arg, apr_interval_time_t minimum,
                            apr_interval_time_t *slot)
{
    apr_interval_time_t value = parse_time(arg);

    if (value < minimum || value > 3600 * APR_USEC_PER_SEC) {
        return apr_psprintf(cmd->pool,
                            "%s must be a time from %" APR_TIME_T_FMT
                            "ms to 1h (such as 500ms, 5 or 5s), not \"%s\"",
                            cmd->cmd->name, minimum / 1000, arg);
    }
    *slot = value;
    return NULL;
}

static const char *set_database_timeout(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, apr_time_from_msec(100),
                    &server_config_of(cmd->server)->database_timeout);
}

static const char *set_database_wait(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, 0, &server_config_of(cmd->server)->database_wait);
}

const command_rec flixim_config_directives[] = {
    AP_INIT_TAKE1("FlixIMDatabaseConnections", set_database_connections, NULL, RSRC_CONF,
                  "how many statements one child process runs at the same time"),
    AP_INIT_TAKE1("FlixIMDatabaseTimeout", set_database_timeout, NULL, RSRC_CONF,
                  "how long a request waits for the database's answer"),
    AP_INIT_TAKE1("FlixIMDatabaseWait", set_database_wait, NULL, RSRC_CONF,
                  "how long a request waits for its turn to ask the database"),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL },
};
