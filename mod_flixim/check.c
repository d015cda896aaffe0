/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is refused at start, each with the virtual host's name, file and line. */
#include "check.h"
#include "private.h"

#include "apr_fnmatch.h"
#include "apr_strings.h"

#include "config.h"
#include "database.h"
#include "keys.h"

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

/* Logs that a directive is refused, and why. */
static void refuse(apr_pool_t *ptemp, const server_rec *s, const ap_directive_t *node,
                   const char *why)
{
    const char *host = "main server";

    for (const ap_directive_t *outer = node->parent; outer; outer = outer->parent) {
        if (!ap_cstr_casecmp(outer->directive, "<VirtualHost")) {
            host = apr_pstrcat(ptemp, "virtual host ", first_argument(ptemp, outer), NULL);
        }
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "FLX0001: %s:%d (%s): %s", node->filename,
                 node->line_num, host, why);
}

/* Checks a directive, what it encloses, and what follows it: how many were refused. */
static int check_tree(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *s,
                      const ap_directive_t *node)
{
    int refused = 0;

    for (; node; node = node->next) {
        refused += check_tree(pconf, ptemp, s, node->first_child);
        if (!ap_cstr_casecmp(node->directive, "SetHandler") &&
            !strcmp(first_argument(ptemp, node), FLIXIM_HANDLER)) {
            const char *why = fault_of(ptemp, node);

            if (why) {
                refuse(ptemp, s, node, why);
                refused++;
            }
            else {
                flixim_config_add_api(pconf, s, node);
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

int flixim_check_configuration(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                               server_rec *main_server)
{
    int refused = check_tree(pconf, ptemp, main_server, ap_conftree);

    (void)plog;
    for (const server_rec *s = main_server; s; s = s->next) {
        refused += check_keys(pconf, ptemp, s);
    }
    return refused == 0 ? OK : HTTP_INTERNAL_SERVER_ERROR;
}
