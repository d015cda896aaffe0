/* SPDX-License-Identifier: Apache-2.0 */
/* Where the API is: the sections with SetHandler flixim, and which requests are theirs. */
#include "location.h"
#include "config_record.h"

#include "apr_strings.h"
#include "http_core.h"
#include "http_request.h"

/* The section is recognized by its SetHandler, which is the one in force for the request. A
 * per-directory configuration of ours would not do: it exists only in sections with a directive of
 * ours, and a section further in (to restrict /health, say) hides the path of the one around it. */
const char *flixim_location_path(const request_rec *r)
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

void flixim_location_add(apr_pool_t *p, const server_rec *main_server,
                         const ap_directive_t *handler)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        const core_server_config *core = ap_get_core_module_config(s->module_config);
        flixim_config_server *conf = flixim_config_server_of(s);

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

int flixim_location_is_served(const server_rec *s)
{
    return flixim_config_server_of(s)->api_handlers != NULL;
}

int flixim_location_sees_tokens(const server_rec *s)
{
    const apr_array_header_t *daemons = flixim_config_handoff(s);

    return flixim_location_is_served(s) || (daemons && daemons->nelts > 0);
}

const ap_directive_t *flixim_location_directive(const server_rec *s)
{
    return flixim_config_server_of(s)->api_directive;
}

/* Whether the handler in force for R is ours; httpd itself looks at it late, after all checks. */
static int is_ours(const request_rec *r)
{
    const core_dir_config *in_force = ap_get_core_module_config(r->per_dir_config);
    const apr_array_header_t *handlers = flixim_config_server_of(r->server)->api_handlers;

    for (int i = 0; handlers && i < handlers->nelts; i++) {
        if (in_force->expr_handler == APR_ARRAY_IDX(handlers, i, const ap_expr_info_t *)) {
            return 1;
        }
    }
    return 0;
}

/* httpd's own walk finds the section, by its own rules. Where it has been done already it is quick,
 * and changes nothing. */
int flixim_location_is_below(request_rec *r)
{
    ap_conf_vector_t *before = r->per_dir_config;

    if (is_ours(r)) {
        return 1;
    }
    if (!r->uri || !flixim_location_is_served(r->server)) {
        return 0;
    }
    if (ap_location_walk(r) == OK && is_ours(r)) {
        return 1;
    }
    r->per_dir_config = before;
    return 0;
}
