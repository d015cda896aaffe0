/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps tokens that stand in a URL (token=, access_token=) out of what httpd shows and logs. */
#include "url_token.h"
#include "private.h"

#include "apr_strings.h"
#include "http_main.h"

#include "flx_url_token.h"
#include "location.h"

/* Under which the token is kept with the request's pool. Not a note: notes can be logged. */
static const char key[] = "flixim_url_token";

/* TEXT, whose query begins at QUERY and has LENGTH bytes, without the tokens in it; NULL if there
 * are none. *FIRST is set to the first of them. */
static char *without_tokens(apr_pool_t *p, const char *text, const char *query, apr_size_t length,
                            const char **first)
{
    const char *end = query + length;
    char *copy = NULL, *to = NULL;
    flx_slice token;

    while (flx_url_token_find(query, (apr_size_t)(end - query), &token)) {
        if (!copy) {
            to = copy = apr_palloc(p, strlen(text) + 1);
            *first = apr_pstrmemdup(p, token.at, token.length);
        }
        memcpy(to, text, (apr_size_t)(token.at - text));
        to += token.at - text;
        text = query = token.at + token.length;
    }
    if (copy) {
        memcpy(to, text, strlen(text) + 1);
    }
    return copy;
}

/* The same for a URI, or for a request line, where the protocol follows the URI. */
static char *uri_without_tokens(apr_pool_t *p, const char *text, const char **first)
{
    const char *query = text ? strchr(text, '?') : NULL;
    const char *end = NULL;

    if (!query) {
        return NULL;
    }
    query++;
    for (const char *at = query; (at = strstr(at, " HTTP/")); at++) {
        end = at;
    }
    return without_tokens(p, text, query, end ? (apr_size_t)(end - query) : strlen(query), first);
}

/* QUERY without its tokens: itself, if it has none. */
static char *hidden_query(apr_pool_t *p, char *query)
{
    const char *first;
    char *hidden = query ? without_tokens(p, query, query, strlen(query), &first) : NULL;

    return hidden ? hidden : query;
}

static void hide_line(request_rec *r)
{
    const char *first = NULL;
    char *hidden;

    hidden = uri_without_tokens(r->pool, r->the_request, &first);
    if (!hidden) {
        return;
    }
    if (!flixim_url_token(r)) {
        apr_pool_userdata_setn(first, key, NULL, r->pool);
    }
    r->the_request = hidden;
    hidden = uri_without_tokens(r->pool, r->unparsed_uri, &first);
    if (hidden) {
        r->unparsed_uri = hidden;
    }
    r->parsed_uri.query = hidden_query(r->pool, r->parsed_uri.query);
}

/* What a CGI program was given; a log format may show it. */
static void hide_variable(request_rec *r, const char *name)
{
    const char *value = apr_table_get(r->subprocess_env, name);

    if (value) {
        apr_table_setn(r->subprocess_env, name, hidden_query(r->pool, apr_pstrdup(r->pool, value)));
    }
}

/* Whether a request may concern a host with tokens: its own, or, where it failed before its host
 * was known and so is its address's first, any. */
static int may_concern_us(const request_rec *r)
{
    if (flixim_location_sees_tokens(r->server)) {
        return 1;
    }
    for (const server_rec *s = ap_server_conf; s && r->server == r->connection->base_server;
         s = s->next) {
        if (flixim_location_sees_tokens(s)) {
            return 1;
        }
    }
    return 0;
}

const char *flixim_url_token(const request_rec *r)
{
    void *token = NULL;

    for (; r && !token; r = r->main ? r->main : r->prev) {
        apr_pool_userdata_get(&token, key, r->pool);
    }
    return token;
}

int flixim_url_token_hide_line(request_rec *r)
{
    if (flixim_location_sees_tokens(r->server)) {
        hide_line(r);
    }
    return DECLINED;
}

int flixim_url_token_hide_arguments(request_rec *r)
{
    if (r->args && flixim_location_is_below(r)) {
        r->args = hidden_query(r->pool, r->args);
    }
    return DECLINED;
}

void flixim_url_token_hide_early(request_rec *r)
{
    if (may_concern_us(r)) {
        hide_line(r);
    }
}

/* Internal redirects have made a chain of requests, from which a log format may choose. */
int flixim_url_token_hide_all(request_rec *r)
{
    while (r->prev) {
        r = r->prev;
    }
    for (; r; r = r->next) {
        if (may_concern_us(r)) {
            hide_line(r);
            r->args = hidden_query(r->pool, r->args);
            hide_variable(r, "QUERY_STRING");
            hide_variable(r, "REDIRECT_QUERY_STRING");
        }
    }
    return DECLINED;
}
