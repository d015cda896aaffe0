/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is refused at start, each with the virtual host's name, file and line. */
#include "check.h"
#include "private.h"

#include "apr_fnmatch.h"
#include "apr_strings.h"

#include "config.h"
#include "database.h"
#include "directives.h"
#include "keys.h"
#include "location.h"
#include "socket_host.h"

/* The first argument of a directive or section, without quotes or the section's '>'. */
static const char *first_argument(apr_pool_t *ptemp, const ap_directive_t *node)
{
    const char *rest = node->args;
    char *word = ap_getword_conf(ptemp, &rest);
    apr_size_t length = strlen(word);

    if (length > 0 && word[length - 1] == '>') {
        word[length - 1] = '\0';
    }
    return word;
}

/* What is wrong with a SetHandler flixim, or NULL. */
static const char *fault_of(apr_pool_t *ptemp, const ap_directive_t *node)
{
    const ap_directive_t *section = node->parent;
    const char *path = section ? first_argument(ptemp, section) : "";

    if (!section || ap_cstr_casecmp(section->directive, "<Location") != 0) {
        return "SetHandler flixim must be in a <Location>, whose path is then the API's";
    }
    if (*path != '/' || apr_fnmatch_test(path)) {
        return "SetHandler flixim must be in a <Location> with a plain path, not a pattern";
    }
    if (!flixim_database_is_there()) {
        return "SetHandler flixim needs mod_dbd: load it as well";
    }
    return NULL;
}

/* Where a directive stands, in words. */
static const char *place_of(apr_pool_t *ptemp, const ap_directive_t *node)
{
    const ap_directive_t *host = flixim_directives_virtual_host(node);

    return apr_psprintf(ptemp, "%s:%d (%s%s)", node->filename, node->line_num,
                        host ? "virtual host " : "main server",
                        host ? first_argument(ptemp, host) : "");
}

/* Logs that a directive is refused, and why. */
static void refuse(apr_pool_t *ptemp, const server_rec *s, const ap_directive_t *node,
                   const char *why)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "FLX0001: %s: %s", place_of(ptemp, node), why);
}

/* Checks a directive, what it encloses, and what follows it: how many were refused. */
static int check_tree(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *s,
                      const ap_directive_t *node)
{
    int refused = 0;

    for (; node; node = node->next) {
        refused += check_tree(pconf, ptemp, s, node->first_child);
        if (!ap_cstr_casecmp(node->directive, "SetHandler") &&
            !ap_cstr_casecmp(first_argument(ptemp, node), FLIXIM_HANDLER)) {
            const char *why = fault_of(ptemp, node);

            if (why) {
                refuse(ptemp, s, node, why);
                refused++;
            }
            else {
                flixim_location_add(pconf, s, node);
            }
        }
    }
    return refused;
}

/* Reads the key files that S itself names: how many were refused. */
static int check_keys(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *s)
{
    const ap_directive_t *key = flixim_config_token_key_directive(s);
    const ap_directive_t *jwks = flixim_config_token_jwks_directive(s);
    const char *why;
    int refused = 0;

    why = key ? flixim_keys_load_secret(pconf, ptemp, s) : NULL;
    if (why) {
        refuse(ptemp, s, key, why);
        refused++;
    }
    why = jwks ? flixim_keys_load_jwks(pconf, ptemp, s) : NULL;
    if (why) {
        refuse(ptemp, s, jwks, why);
        refused++;
    }
    return refused;
}

/* Why the API of S cannot use its database as it should, and in *WHERE the directive at fault; NULL if
 * it can. */
static const char *database_fault(apr_pool_t *ptemp, const server_rec *main_server,
                                  const server_rec *s, const ap_directive_t **where)
{
    const flixim_dbd_pool *pool = flixim_config_dbd_pool(s);
    const ap_directive_t *directive = flixim_config_database_connections_directive(s);
    int most = flixim_config_database_connections(s);
    const char *why = flixim_dbd_pool_fault(ptemp, pool, where);

    if (why) {
        *where = *where ? *where : flixim_location_directive(s);
        return why;
    }
    if (most > flixim_dbd_pool_max(pool)) {
        *where = flixim_directives_nearer(directive, pool->directives[FLIXIM_DBD_MAX]);
        return apr_psprintf(ptemp, "FlixIMDatabaseConnections %d is more than DBDMax, which is %d",
                            most, flixim_dbd_pool_max(pool));
    }
    for (const server_rec *other = main_server; other != s; other = other->next) {
        int its_most = flixim_config_database_connections(other);

        if (flixim_location_is_served(other) && most != its_most &&
            flixim_dbd_pool_is_same(pool, flixim_config_dbd_pool(other))) {
            *where = flixim_directives_nearer(directive,
                                              flixim_config_database_connections_directive(other));
            return apr_psprintf(ptemp,
                                "FlixIMDatabaseConnections is %d and %d in virtual hosts that "
                                "share a pool, as their DBD settings are the same: choose one",
                                its_most, most);
        }
    }
    return NULL;
}

/* Checks the database settings of S, which has an API: how many were refused. What S inherits is
 * refused once, for the first that has it. */
static int check_database(apr_pool_t *ptemp, const server_rec *main_server, const server_rec *s)
{
    const ap_directive_t *where = NULL;
    const ap_directive_t *told = NULL;
    const char *why = database_fault(ptemp, main_server, s, &where);

    if (!why) {
        return 0;
    }
    for (const server_rec *other = main_server; other != s; other = other->next) {
        if (flixim_location_is_served(other) && database_fault(ptemp, main_server, other, &told) &&
            told == where) {
            return 0;
        }
    }
    refuse(ptemp, s, where, why);
    return 1;
}

/* Warns if S, whose database settings are as they should be, may wait long for a connection. What S
 * inherits is told once. */
static void warn_of_waiting(apr_pool_t *ptemp, const server_rec *main_server, const server_rec *s)
{
    const ap_directive_t *params = flixim_config_dbd_pool(s)->directives[FLIXIM_DBD_PARAMS];

    for (const server_rec *other = main_server; other != s; other = other->next) {
        if (flixim_location_is_served(other) &&
            flixim_config_dbd_pool(other)->directives[FLIXIM_DBD_PARAMS] == params) {
            return;
        }
    }
    if (!flixim_dbd_pool_has_time_limit(flixim_config_dbd_pool(s))) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "FLX0004: %s: DBDParams has no connect_timeout: while the database cannot be "
                     "reached, requests may wait for minutes",
                     place_of(ptemp, params));
    }
}

/* Whether two virtual hosts are on one address and port, so that only names tell their clients apart. */
static int share_address(const server_rec *a, const server_rec *b)
{
    for (const server_addr_rec *one = a->addrs; one; one = one->next) {
        for (const server_addr_rec *other = b->addrs; other; other = other->next) {
            if (one->host_port == other->host_port &&
                apr_sockaddr_equal(one->host_addr, other->host_addr)) {
                return 1;
            }
        }
    }
    return 0;
}

/* Why the socket hosts that S itself has cannot be; NULL if they can. */
static const char *socket_host_fault(apr_pool_t *ptemp, const server_rec *main_server,
                                     const server_rec *s)
{
    const apr_array_header_t *names = flixim_config_socket_host(s);
    const apr_array_header_t *daemons = flixim_config_handoff(s);

    if (!daemons || daemons->nelts == 0) {
        return "FlixIMSocketHost needs FlixIMHandoff: the daemons that get the connections";
    }
    /* What the main server has holds on every address, unless a virtual host says otherwise. httpd keeps hosts last first. */
    for (const server_rec *other = s != main_server ? s->next : NULL; other; other = other->next) {
        if (!flixim_config_socket_host_directive(other) || !share_address(s, other)) {
            continue;
        }
        for (int i = 0; i < names->nelts; i++) {
            const char *name = APR_ARRAY_IDX(names, i, const char *);

            if (flixim_socket_host_is_of(other, name)) {
                return apr_psprintf(
                    ptemp, "FlixIMSocketHost %s is in two virtual hosts on one address", name);
            }
        }
    }
    return NULL;
}

/* Checks the socket hosts that S itself has: how many directives were refused. */
static int check_socket_hosts(apr_pool_t *ptemp, const server_rec *main_server, const server_rec *s)
{
    const ap_directive_t *directive = flixim_config_socket_host_directive(s);
    const char *why = directive ? socket_host_fault(ptemp, main_server, s) : NULL;

    if (directive) {
        *flixim_config_has_socket_hosts(main_server) = 1;
    }
    if (why) {
        refuse(ptemp, s, directive, why);
    }
    return why != NULL;
}

int flixim_check_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *main_server)
{
    int refused = check_tree(pconf, ptemp, main_server, ap_conftree);

    (void)plog;
    for (const server_rec *s = main_server; s; s = s->next) {
        refused += check_keys(pconf, ptemp, s);
        refused += check_socket_hosts(ptemp, main_server, s);
        if (flixim_location_is_served(s)) {
            refused += check_database(ptemp, main_server, s);
        }
    }
    for (const server_rec *s = main_server; s && refused == 0; s = s->next) {
        if (flixim_location_is_served(s)) {
            warn_of_waiting(ptemp, main_server, s);
        }
    }
    return refused == 0 ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
