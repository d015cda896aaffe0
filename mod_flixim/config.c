/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of each virtual host and section: directives, merging, defaults. */
#include "config.h"
#include "private.h"

#include "apr_lib.h"
#include "apr_strings.h"
#include "http_core.h"
#include "http_request.h"

#include "flx_utf8.h"

#define NO_TIME (-1)

/* The longest "iss" and "aud". */
#define CLAIM_LENGTH 1000

/* Where a directive of a section may not be: sections are found by URL path. */
#define NOT_IN_LOCATION_ONLY (NOT_IN_DIRECTORY | NOT_IN_FILES | NOT_IN_LIMIT)

typedef struct {
#define MEMBER(type, name, unset, value) type name;
    FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER
    /* what set database_connections */
    const ap_directive_t *database_connections_directive;
    flixim_dbd_pool dbd_pool;
    /* the server whose key files these are, and what set them if it is this one */
    const server_rec *token_owner;
    const ap_directive_t *token_key_directive;
    const ap_directive_t *token_jwks_directive;
    /* the SetHandler flixim of its sections (const ap_expr_info_t *); NULL if there is none */
    apr_array_header_t *api_handlers;
    const ap_directive_t *api_directive;
    /* see flixim_config_database_slot */
    void *database_slot;
    void *keys_slot;
} server_config;

typedef struct {
#define MEMBER(type, name, unset, value) type name;
    FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER
    /* ALLOWED_ORIGINS while it is being filled */
    apr_array_header_t *origins;
} section_config;

static server_config *server_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &flixim_module);
}

void *flixim_config_create_server(apr_pool_t *p, server_rec *s)
{
    server_config *conf = apr_pcalloc(p, sizeof(*conf));

#define MEMBER(type, name, unset, value) conf->name = unset;
    FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER
    conf->token_owner = s;
    return conf;
}

void *flixim_config_merge_server(apr_pool_t *p, void *main_server, void *virtual_host)
{
    const server_config *base = main_server;
    const server_config *add = virtual_host;
    server_config *conf = apr_pcalloc(p, sizeof(*conf));

#define MEMBER(type, name, unset, value) conf->name = add->name != (unset) ? add->name : base->name;
    FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER
    conf->database_connections_directive = add->database_connections_directive
                                               ? add->database_connections_directive
                                               : base->database_connections_directive;
    flixim_dbd_pool_merge(&conf->dbd_pool, &base->dbd_pool, &add->dbd_pool);
    /* The two files are one setting: a host with keys of its own must not take the main server's as
     * well. */
    conf->token_owner = base->token_owner;
    if (add->token_key_file || add->token_jwks_file) {
        conf->token_owner = add->token_owner;
        conf->token_key_file = add->token_key_file;
        conf->token_jwks_file = add->token_jwks_file;
    }
    conf->token_key_directive = add->token_key_directive;
    conf->token_jwks_directive = add->token_jwks_directive;
    return conf;
}

#define MEMBER(type, name, unset, value)                                                           \
    type flixim_config_##name(const server_rec *s)                                                 \
    {                                                                                              \
        const server_config *conf = server_config_of(s);                                           \
        return conf->name != (unset) ? conf->name : (value);                                       \
    }
FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER

void *flixim_config_create_section(apr_pool_t *p, char *path)
{
    section_config *conf = apr_pcalloc(p, sizeof(*conf));

    (void)path;
#define MEMBER(type, name, unset, value) conf->name = unset;
    FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER
    return conf;
}

void *flixim_config_merge_section(apr_pool_t *p, void *outer, void *inner)
{
    const section_config *base = outer;
    const section_config *add = inner;
    section_config *conf = apr_pcalloc(p, sizeof(*conf));

#define MEMBER(type, name, unset, value) conf->name = add->name != (unset) ? add->name : base->name;
    FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER
    return conf;
}

#define MEMBER(type, name, unset, value)                                                           \
    type flixim_config_##name(const request_rec *r)                                                \
    {                                                                                              \
        const section_config *conf = ap_get_module_config(r->per_dir_config, &flixim_module);      \
        return conf->name != (unset) ? conf->name : (value);                                       \
    }
FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER

flixim_dbd_pool *flixim_config_dbd_pool(const server_rec *s)
{
    return &server_config_of(s)->dbd_pool;
}

const ap_directive_t *flixim_config_database_connections_directive(const server_rec *s)
{
    return server_config_of(s)->database_connections_directive;
}

const server_rec *flixim_config_token_owner(const server_rec *s)
{
    return server_config_of(s)->token_owner;
}

const ap_directive_t *flixim_config_token_key_directive(const server_rec *s)
{
    return server_config_of(s)->token_key_directive;
}

const ap_directive_t *flixim_config_token_jwks_directive(const server_rec *s)
{
    return server_config_of(s)->token_jwks_directive;
}

void **flixim_config_database_slot(const server_rec *s)
{
    return &server_config_of(s)->database_slot;
}

void **flixim_config_keys_slot(const server_rec *s)
{
    return &server_config_of(s)->keys_slot;
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

void flixim_config_add_api(apr_pool_t *p, const server_rec *main_server,
                           const ap_directive_t *handler)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);
        server_config *conf = server_config_of(s);

        for (int i = 0; i < core->sec_url->nelts; i++) {
            ap_conf_vector_t *section = APR_ARRAY_IDX(core->sec_url, i, ap_conf_vector_t *);
            const core_dir_config *dir = ap_get_core_module_config(section);
            const ap_expr_info_t *expr = dir->expr_handler;

            if (expr && expr->filename && !strcmp(expr->filename, handler->filename) &&
                expr->line_number == (unsigned int)handler->line_num) {
                if (!conf->api_handlers) {
                    conf->api_handlers = apr_array_make(p, 1, sizeof(const ap_expr_info_t *));
                    conf->api_directive = handler;
                }
                APR_ARRAY_PUSH(conf->api_handlers, const ap_expr_info_t *) = expr;
            }
        }
    }
}

int flixim_config_has_api(const server_rec *s)
{
    return server_config_of(s)->api_handlers != NULL;
}

const ap_directive_t *flixim_config_api_directive(const server_rec *s)
{
    return server_config_of(s)->api_directive;
}

const ap_directive_t *flixim_config_virtual_host(const ap_directive_t *directive)
{
    while (directive && ap_cstr_casecmp(directive->directive, "<VirtualHost") != 0) {
        directive = directive->parent;
    }
    return directive;
}

const ap_directive_t *flixim_config_nearer(const ap_directive_t *a, const ap_directive_t *b)
{
    return !a || (flixim_config_virtual_host(b) && !flixim_config_virtual_host(a)) ? b : a;
}

/* Whether the handler in force for R is ours; httpd itself looks at it late, after all checks. */
static int is_ours(const request_rec *r)
{
    const core_dir_config *in_force = ap_get_core_module_config(r->per_dir_config);
    const apr_array_header_t *handlers = server_config_of(r->server)->api_handlers;

    for (int i = 0; handlers && i < handlers->nelts; i++) {
        if (in_force->expr_handler == APR_ARRAY_IDX(handlers, i, const ap_expr_info_t *)) {
            return 1;
        }
    }
    return 0;
}

/* httpd's own walk finds the section, by its own rules. Where it has been done already it is quick,
 * and changes nothing. */
int flixim_config_is_below(request_rec *r)
{
    ap_conf_vector_t *before = r->per_dir_config;

    if (is_ours(r)) {
        return 1;
    }
    if (!r->uri || !flixim_config_has_api(r->server)) {
        return 0;
    }
    if (ap_location_walk(r) == OK && is_ours(r)) {
        return 1;
    }
    r->per_dir_config = before;
    return 0;
}

/* Parses a decimal number without a sign from the front of ARG; -1 if there is none, or it has over
 * nine digits. */
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
    return NO_TIME;
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
    server_config_of(cmd->server)->database_connections_directive = cmd->directive;
    return NULL;
}

/* Sets *SLOT from ARG, or returns why not. RANGE says the bounds in words. */
static const char *set_time(cmd_parms *cmd, const char *arg, apr_interval_time_t minimum,
                            apr_interval_time_t maximum, const char *range,
                            apr_interval_time_t *slot)
{
    apr_interval_time_t value = parse_time(arg);

    if (value < minimum || value > maximum) {
        return apr_psprintf(cmd->pool,
                            "%s must be a time from %s (such as 500ms, 5 or 5s), not \"%s\"",
                            cmd->cmd->name, range, arg);
    }
    *slot = value;
    return NULL;
}

static const char *set_database_timeout(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, apr_time_from_msec(100), apr_time_from_sec(3600), "100ms to 1h",
                    &server_config_of(cmd->server)->database_timeout);
}

static const char *set_database_wait(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, 0, apr_time_from_sec(3600), "0ms to 1h",
                    &server_config_of(cmd->server)->database_wait);
}

static const char *set_rate_limit(cmd_parms *cmd, void *dir, const char *number, const char *per)
{
    flixim_rate *rate = apr_pcalloc(cmd->pool, sizeof(*rate));
    const char *end = "";
    int is_off = !ap_cstr_casecmp(number, "off") && !per;

    (void)dir;
    rate->requests = is_off ? 0 : parse_number(number, &end);
    if (!is_off && (rate->requests < 1 || rate->requests > 1000000 || *end != '\0')) {
        return apr_psprintf(cmd->pool,
                            "%s must be off, or a whole number of requests from 1 to 1000000 and a "
                            "time, not \"%s\"",
                            cmd->cmd->name, number);
    }
    rate->buckets = apr_pcalloc(cmd->pool, sizeof(void *));
    server_config_of(cmd->server)->rate_limit = rate;
    return set_time(cmd, per ? per : "1s", apr_time_from_sec(1), apr_time_from_sec(3600),
                    "1s to 1h", &rate->per);
}

static const char *set_token_leeway(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, apr_time_from_sec(1), apr_time_from_sec(600), "1s to 10min",
                    &server_config_of(cmd->server)->token_leeway);
}

static const char *set_token_lifetime(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, apr_time_from_sec(10), apr_time_from_sec(3600), "10s to 1h",
                    &server_config_of(cmd->server)->token_lifetime);
}

/* Sets *SLOT to the path ARG, which is relative to ServerRoot unless it is absolute. What is in the
 * file is looked at later, when all of the configuration is read: see check.c. */
static const char *set_path(cmd_parms *cmd, const char *arg, const char **slot)
{
    char *path = ap_server_root_relative(cmd->pool, arg);

    if (!path) {
        return apr_psprintf(cmd->pool, "%s must be the path of a file, not \"%s\"", cmd->cmd->name,
                            arg);
    }
    *slot = path;
    return NULL;
}

static const char *set_token_key_file(cmd_parms *cmd, void *dir, const char *arg)
{
    server_config *conf = server_config_of(cmd->server);

    (void)dir;
    conf->token_key_directive = cmd->directive;
    return set_path(cmd, arg, &conf->token_key_file);
}

static const char *set_token_jwks_file(cmd_parms *cmd, void *dir, const char *arg)
{
    server_config *conf = server_config_of(cmd->server);

    (void)dir;
    conf->token_jwks_directive = cmd->directive;
    return set_path(cmd, arg, &conf->token_jwks_file);
}

/* Sets *SLOT to ARG, which stands in tokens. */
static const char *set_claim(cmd_parms *cmd, const char *arg, const char **slot)
{
    apr_size_t length = strlen(arg);

    if (length > CLAIM_LENGTH || !flx_utf8_valid(arg, length)) {
        return apr_psprintf(cmd->pool, "%s must be at most %d bytes of UTF-8", cmd->cmd->name,
                            CLAIM_LENGTH);
    }
    *slot = arg;
    return NULL;
}

static const char *set_token_issuer(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_claim(cmd, arg, &server_config_of(cmd->server)->token_issuer);
}

static const char *set_token_audience(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_claim(cmd, arg, &server_config_of(cmd->server)->token_audience);
}

static const char *set_remote_user(cmd_parms *cmd, void *dir, int flag)
{
    ((section_config *)dir)->remote_user = flag;
    return ap_check_cmd_context(cmd, NOT_IN_LOCATION_ONLY);
}

static const char *set_remote_user_namespace(cmd_parms *cmd, void *dir, const char *arg)
{
    flx_uuid *uuid = apr_palloc(cmd->pool, sizeof(*uuid));

    if (flx_uuid_read(uuid, arg, strlen(arg)) != 0) {
        return apr_psprintf(cmd->pool, "%s must be a UUID, not \"%s\"", cmd->cmd->name, arg);
    }
    ((section_config *)dir)->remote_user_namespace = uuid;
    return ap_check_cmd_context(cmd, NOT_IN_LOCATION_ONLY);
}

/* The length of the port at TEXT, a number from 1 to 65535; 0 if it is none. */
static apr_size_t port_length(const char *text)
{
    const char *end;
    int port = parse_number(text, &end);

    return *text != '0' && port > 0 && port <= 65535 && *end == '\0' ? (apr_size_t)(end - text) : 0;
}

/* ARG as browsers write an origin: in lower case, without the port that goes without saying. NULL
 * if it is none. */
static const char *parse_origin(apr_pool_t *p, const char *arg)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
    char *origin = apr_pstrdup(p, arg);
    char *host;
    char *end;

    ap_str_tolower(origin);
    host = strstr(origin, "://");
    if (!host || !strchr(letters, *origin) ||
        strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789+.-") < (apr_size_t)(host - origin)) {
        return NULL;
    }
    host += 3;
    end = host + strspn(host, name);
    if (*host == '[') {
        end = host + 1 + strspn(host + 1, "0123456789abcdef:.");
        end = *end == ']' ? end + 1 : host;
    }
    if (end == host || (*end && (*end != ':' || !port_length(end + 1)))) {
        return NULL;
    }
    if ((!strncmp(origin, "http://", 7) && !strcmp(end, ":80")) ||
        (!strncmp(origin, "https://", 8) && !strcmp(end, ":443"))) {
        *end = '\0';
    }
    return origin;
}

static const char *add_allowed_origin(cmd_parms *cmd, void *dir, const char *arg)
{
    section_config *conf = dir;
    const char *origin = parse_origin(cmd->pool, arg);

    if (!strcmp(arg, "*")) {
        return apr_psprintf(cmd->pool,
                            "%s takes no \"*\": name each origin whose pages may use "
                            "the API",
                            cmd->cmd->name);
    }
    if (!origin) {
        return apr_psprintf(cmd->pool,
                            "%s must be an origin such as https://www.example.org or "
                            "http://localhost:3000, not \"%s\"",
                            cmd->cmd->name, arg);
    }
    if (!conf->origins) {
        conf->origins = apr_array_make(cmd->pool, 4, sizeof(const char *));
        conf->allowed_origins = conf->origins;
    }
    APR_ARRAY_PUSH(conf->origins, const char *) = origin;
    return ap_check_cmd_context(cmd, NOT_IN_LOCATION_ONLY);
}

const command_rec flixim_config_directives[] = {
/* mod_dbd's, to know them */
#define DIRECTIVE(name, directive)                                                                 \
    AP_INIT_TAKE1(directive, flixim_dbd_pool_note, NULL, RSRC_CONF, "see mod_dbd"),
    FLIXIM_DBD_SETTINGS(DIRECTIVE)
#undef DIRECTIVE
        AP_INIT_TAKE1("FlixIMDatabaseConnections", set_database_connections, NULL, RSRC_CONF,
                      "how many statements one child process runs at the same time"),
    AP_INIT_TAKE1("FlixIMDatabaseTimeout", set_database_timeout, NULL, RSRC_CONF,
                  "how long a request waits for the database's answer"),
    AP_INIT_TAKE1("FlixIMDatabaseWait", set_database_wait, NULL, RSRC_CONF,
                  "how long a request waits for its turn to ask the database"),
    AP_INIT_TAKE1("FlixIMTokenKeyFile", set_token_key_file, NULL, RSRC_CONF,
                  "the file with the secret of HS256 tokens"),
    AP_INIT_TAKE1("FlixIMTokenJWKSFile", set_token_jwks_file, NULL, RSRC_CONF,
                  "the file with the public keys of RS256, PS256 and ES256 tokens"),
    AP_INIT_TAKE1("FlixIMTokenIssuer", set_token_issuer, NULL, RSRC_CONF,
                  "what iss must be in a token"),
    AP_INIT_TAKE1("FlixIMTokenAudience", set_token_audience, NULL, RSRC_CONF,
                  "what aud must be or hold in a token"),
    AP_INIT_TAKE1("FlixIMTokenLeeway", set_token_leeway, NULL, RSRC_CONF,
                  "how far the clocks of issuer and server may be apart"),
    AP_INIT_TAKE1("FlixIMTokenLifetime", set_token_lifetime, NULL, RSRC_CONF,
                  "how long a token of GET /token is valid"),
    AP_INIT_TAKE12("FlixIMRateLimit", set_rate_limit, NULL, RSRC_CONF,
                   "how many requests each user may make, and in which time"),
    AP_INIT_FLAG("FlixIMRemoteUser", set_remote_user, NULL, ACCESS_CONF,
                 "whether a user that httpd has logged in is a user of the API"),
    AP_INIT_TAKE1("FlixIMRemoteUserNamespace", set_remote_user_namespace, NULL, ACCESS_CONF,
                  "the UUID in whose namespace a user name becomes a user id"),
    AP_INIT_ITERATE("FlixIMAllowOrigin", add_allowed_origin, NULL, ACCESS_CONF,
                    "origins whose pages may use the API"),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL },
};
