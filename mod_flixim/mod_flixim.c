/* SPDX-License-Identifier: Apache-2.0 */
/* The module as httpd sees it: its record and its hooks. Nothing is done here, only wired. */
#include "private.h"

#include "http_connection.h"
#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

#include "check.h"
#include "config.h"
#include "cors.h"
#include "database.h"
#include "directives.h"
#include "errors.h"
#include "handler.h"
#include "handoff.h"
#include "header_token.h"
#include "keys.h"
#include "limiter.h"
#include "socket_host.h"
#include "url_token.h"

static void register_hooks(apr_pool_t *p);

module AP_MODULE_DECLARE_DATA flixim_module = {
    STANDARD20_MODULE_STUFF,
    flixim_config_create_section, /* one for each section with a directive of ours */
    flixim_config_merge_section,  /* inner over outer */
    flixim_config_create_server,  /* one for each virtual host */
    flixim_config_merge_server,   /* virtual host over main server */
    flixim_directives,            /* the table of directives */
    register_hooks,
    AP_MODULE_FLAG_ALWAYS_MERGE /* a virtual host without a directive of ours has a breaker, too */
};

/* What a request meets before our handler and after it, whosever it is. */
static void register_request_hooks(void)
{
    static const char *const before_forensic[] = { "mod_log_forensic.c", NULL };

    /* A token in the URL goes before anybody logs the URL. */
    ap_hook_post_read_request(flixim_url_token_hide_line, NULL, before_forensic,
                              APR_HOOK_REALLY_FIRST);
    ap_hook_post_perdir_config(flixim_url_token_hide_arguments, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_insert_error_filter(flixim_url_token_hide_early, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_log_transaction(flixim_url_token_hide_all, NULL, NULL, APR_HOOK_REALLY_FIRST);

    /* Nor does one in the header reach a log. */
    ap_hook_post_read_request(flixim_header_token_hide, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_quick_handler(flixim_header_token_restore, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_log_transaction(flixim_header_token_hide_for_good, NULL, NULL, APR_HOOK_REALLY_FIRST);

    /* Whoever refuses a request below the API's path, the answer is the API's. */
    ap_register_output_filter(FLIXIM_ERRORS_FILTER, flixim_errors_filter, NULL, AP_FTYPE_RESOURCE);
    ap_hook_post_read_request(flixim_errors_refuse_document, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_post_read_request(flixim_errors_set_documents_aside, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_perdir_config(flixim_errors_set_documents_aside, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_insert_error_filter(flixim_errors_insert_filter, NULL, NULL, APR_HOOK_MIDDLE);

    /* Browsers ask without a token whether they may ask with one. */
    ap_hook_check_access_ex(flixim_cors_let_preflight_pass, NULL, NULL, APR_HOOK_FIRST,
                            AP_AUTH_INTERNAL_PER_CONF);
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    register_request_hooks();

    /* Twice at start and once at each restart, as root, after all configuration is read; and by
     * httpd -t, which asks before a restart that would end the server if it were refused. */
    ap_hook_check_config(flixim_check_configuration, NULL, NULL, APR_HOOK_MIDDLE);

    /* As often, then in the parent that the children come from. */
    ap_hook_post_config(flixim_limiter_post_config, NULL, NULL, APR_HOOK_MIDDLE);

    /* Once in each child, before its threads exist. */
    ap_hook_child_init(flixim_database_child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(flixim_keys_child_init, NULL, NULL, APR_HOOK_MIDDLE);

    /* For each connection, before mod_ssl reads of it, and again before it is closed. */
    ap_hook_process_connection(flixim_socket_host, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_pre_close_connection(flixim_socket_host_pre_close, NULL, NULL, APR_HOOK_FIRST);

    /* For each request, before httpd looks for a file, but after redirects of the site. */
    ap_hook_translate_name(flixim_handler_translate_name, NULL, NULL, APR_HOOK_LAST);
    ap_hook_map_to_storage(flixim_handler_map_to_storage, NULL, NULL, APR_HOOK_FIRST);

    ap_hook_translate_name(flixim_handoff_translate_name, NULL, NULL, APR_HOOK_LAST);
    ap_hook_map_to_storage(flixim_handoff_map_to_storage, NULL, NULL, APR_HOOK_FIRST);

    /* A WebSocket that can do without httpd, before mod_proxy takes it for a tunnel. */
    ap_hook_handler(flixim_handoff, NULL, NULL, APR_HOOK_REALLY_FIRST);

    /* For each request whose section says SetHandler flixim. */
    ap_hook_handler(flixim_handler, NULL, NULL, APR_HOOK_MIDDLE);
}
