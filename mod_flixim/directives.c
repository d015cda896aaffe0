/* SPDX-License-Identifier: Apache-2.0 */
/* The directives: what each takes, and where it may be. */
#include "directives.h"
#include "config_record.h"

#include "apr_lib.h"
#include "apr_strings.h"

#include "daemon.h"
#include "flx_utf8.h"
#include "socket_host.h"

#define NO_TIME (-1)

/* How many daemons FlixIMHandoff takes. httpd itself would leave out what comes after 64. */
#define DAEMONS 32

/* The longest "iss" and "aud". */
#define CLAIM_LENGTH 1000

/* Where a directive of a section may not be: sections are found by URL path. */
#define NOT_IN_LOCATION_ONLY (NOT_IN_DIRECTORY | NOT_IN_FILES | NOT_IN_LIMIT)

const ap_directive_t *flixim_directives_virtual_host(const ap_directive_t *directive)
{
    while (directive && ap_cstr_casecmp(directive->directive, "<VirtualHost") != 0) {
        directive = directive->parent;
    }
    return directive;
}

const ap_directive_t *flixim_directives_nearer(const ap_directive_t *a, const ap_directive_t *b)
{
    return !a || (flixim_directives_virtual_host(b) && !flixim_directives_virtual_host(a)) ? b : a;
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
    flixim_config_server_of(cmd->server)->database_connections = number;
    flixim_config_server_of(cmd->server)->database_connections_directive = cmd->directive;
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
                    &flixim_config_server_of(cmd->server)->database_timeout);
}

static const char *set_database_wait(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, 0, apr_time_from_sec(3600), "0ms to 1h",
                    &flixim_config_server_of(cmd->server)->database_wait);
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
    flixim_config_server_of(cmd->server)->rate_limit = rate;
    return set_time(cmd, per ? per : "1s", apr_time_from_sec(1), apr_time_from_sec(3600),
                    "1s to 1h", &rate->per);
}

static const char *set_token_leeway(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, apr_time_from_sec(1), apr_time_from_sec(600), "1s to 10min",
                    &flixim_config_server_of(cmd->server)->token_leeway);
}

static const char *set_token_lifetime(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, apr_time_from_sec(10), apr_time_from_sec(3600), "10s to 1h",
                    &flixim_config_server_of(cmd->server)->token_lifetime);
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
    flixim_config_server *conf = flixim_config_server_of(cmd->server);

    (void)dir;
    conf->token_key_directive = cmd->directive;
    return set_path(cmd, arg, &conf->token_key_file);
}

static const char *set_token_jwks_file(cmd_parms *cmd, void *dir, const char *arg)
{
    flixim_config_server *conf = flixim_config_server_of(cmd->server);

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
    return set_claim(cmd, arg, &flixim_config_server_of(cmd->server)->token_issuer);
}

static const char *set_token_audience(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_claim(cmd, arg, &flixim_config_server_of(cmd->server)->token_audience);
}

/* A daemon at the path ARG that DAEMONS have not yet; NULL, and *WHY. */
static flixim_daemon *make_daemon(cmd_parms *cmd, const char *arg,
                                  const apr_array_header_t *daemons, const char **why)
{
    const char *path = ap_server_root_relative(cmd->pool, arg);
    flixim_daemon *daemon = path ? flixim_daemon_make(cmd->pool, path) : NULL;

    if (!daemon) {
        *why = apr_psprintf(cmd->pool,
                            "%s must be Off, or paths of Unix sockets of at most 107 bytes, not "
                            "\"%s\"",
                            cmd->cmd->name, arg);
        return NULL;
    }
    for (int i = 0; i < daemons->nelts; i++) {
        if (!strcmp(path, flixim_daemon_path(APR_ARRAY_IDX(daemons, i, flixim_daemon *)))) {
            *why = apr_psprintf(cmd->pool, "%s has \"%s\" twice", cmd->cmd->name, path);
            return NULL;
        }
    }
    return daemon;
}

static const char *set_handoff(cmd_parms *cmd, void *dir, int count, char *const args[])
{
    apr_array_header_t *daemons = apr_array_make(cmd->pool, 1, sizeof(flixim_daemon *));
    const char *why;

    (void)dir;
    if (count < 1 || count > DAEMONS) {
        return apr_psprintf(cmd->pool, "%s takes Off, or 1 to %d paths of Unix sockets",
                            cmd->cmd->name, DAEMONS);
    }
    flixim_config_server_of(cmd->server)->handoff = daemons;
    if (count == 1 && !ap_cstr_casecmp(args[0], "off")) {
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        flixim_daemon *daemon = make_daemon(cmd, args[i], daemons, &why);

        if (!daemon) {
            return why;
        }
        APR_ARRAY_PUSH(daemons, flixim_daemon *) = daemon;
    }
    return NULL;
}

/* As the daemon's own setting "path": no slash at its end, nothing that a URL would write otherwise. */
static const char *set_handoff_path(cmd_parms *cmd, void *dir, const char *arg)
{
    apr_size_t length = strlen(arg);

    (void)dir;
    if (length < 2 || length > 200 || arg[0] != '/' || arg[length - 1] == '/' ||
        strstr(arg, "//") || strstr(arg, "/.") ||
        strspn(arg, "/-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
            length) {
        return apr_psprintf(cmd->pool, "%s must be a path such as /socket, not \"%s\"",
                            cmd->cmd->name, arg);
    }
    flixim_config_server_of(cmd->server)->handoff_path = arg;
    return NULL;
}

static const char *set_handoff_wait(cmd_parms *cmd, void *dir, const char *arg)
{
    (void)dir;
    return set_time(cmd, arg, apr_time_from_msec(100), apr_time_from_sec(60), "100ms to 1min",
                    &flixim_config_server_of(cmd->server)->handoff_wait);
}

static const char *add_socket_host(cmd_parms *cmd, void *dir, const char *arg)
{
    flixim_config_server *conf = flixim_config_server_of(cmd->server);
    const char *name = flixim_socket_host_name(cmd->pool, arg);

    (void)dir;
    if (!name) {
        return apr_psprintf(cmd->pool,
                            "%s must be the name of a host such as ws.example.org, not \"%s\"",
                            cmd->cmd->name, arg);
    }
    if (flixim_socket_host_is_of(cmd->server, name)) {
        return apr_psprintf(cmd->pool, "%s has \"%s\" twice", cmd->cmd->name, name);
    }
    if (!conf->socket_host) {
        conf->socket_host = apr_array_make(cmd->pool, 1, sizeof(const char *));
    }
    APR_ARRAY_PUSH(conf->socket_host, const char *) = name;
    conf->socket_host_directive = cmd->directive;
    return NULL;
}

static const char *set_remote_user(cmd_parms *cmd, void *dir, int flag)
{
    ((flixim_config_section *)dir)->remote_user = flag;
    return ap_check_cmd_context(cmd, NOT_IN_LOCATION_ONLY);
}

static const char *set_remote_user_namespace(cmd_parms *cmd, void *dir, const char *arg)
{
    flx_uuid *uuid = apr_palloc(cmd->pool, sizeof(*uuid));

    if (flx_uuid_read(uuid, arg, strlen(arg)) != 0) {
        return apr_psprintf(cmd->pool, "%s must be a UUID, not \"%s\"", cmd->cmd->name, arg);
    }
    ((flixim_config_section *)dir)->remote_user_namespace = uuid;
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
    flixim_config_section *conf = dir;
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

const command_rec flixim_directives[] = {
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
    AP_INIT_TAKE_ARGV("FlixIMHandoff", set_handoff, NULL, RSRC_CONF,
                      "the sockets of the daemons that take WebSockets over"),
    AP_INIT_TAKE1("FlixIMHandoffPath", set_handoff_path, NULL, RSRC_CONF,
                  "where WebSockets are, without /websocket"),
    AP_INIT_TAKE1("FlixIMHandoffWait", set_handoff_wait, NULL, RSRC_CONF,
                  "how long a request waits for a daemon's verdict"),
    AP_INIT_ITERATE("FlixIMSocketHost", add_socket_host, NULL, RSRC_CONF,
                    "names whose TLS connections a daemon has"),
    AP_INIT_FLAG("FlixIMRemoteUser", set_remote_user, NULL, ACCESS_CONF,
                 "whether a user that httpd has logged in is a user of the API"),
    AP_INIT_TAKE1("FlixIMRemoteUserNamespace", set_remote_user_namespace, NULL, ACCESS_CONF,
                  "the UUID in whose namespace a user name becomes a user id"),
    AP_INIT_ITERATE("FlixIMAllowOrigin", add_allowed_origin, NULL, ACCESS_CONF,
                    "origins whose pages may use the API"),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL },
};
