/* SPDX-License-Identifier: Apache-2.0 */
/* The module as httpd sees it: its record and its hooks. Nothing is done here, only wired. */
#include "private.h"

#include "check.h"
#include "config.h"
#include "database.h"
#include "handler.h"
#include "keys.h"

static void register_hooks(apr_pool_t *p);

module AP_MODULE_DECLARE_DATA flixim_module = {
    STANDARD20_MODULE_STUFF,
    flixim_config_create_section, /* one for each section with a directive of ours */
    flixim_config_merge_section,  /* inner over outer */
    flixim_config_create_server,  /* one for each virtual host */
    flixim_config_merge_server,   /* virtual host over main server */
    flixim_config_directives,     /* the table of directives */
    register_hooks,
    AP_MODULE_FLAG_ALWAYS_MERGE /* a virtual host without a directive of ours has a breaker, too */
};

static void register_hooks(apr_pool_t *p)
{
    (void)p;

    /* Twice at start and once at each restart, as root, after all configuration is read; and by
     * httpd -t, which asks before a restart that would end the server if it were refused. */
    ap_hook_check_config(flixim_check_configuration, NULL, NULL, APR_HOOK_MIDDLE);

    /* Once in each child, before its threads exist. */
    ap_hook_child_init(flixim_database_child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(flixim_keys_child_init, NULL, NULL, APR_HOOK_MIDDLE);

    /* For each request whose section says SetHandler flixim. */
    ap_hook_handler(flixim_handler, NULL, NULL, APR_HOOK_MIDDLE);
}
