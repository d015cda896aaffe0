/* SPDX-License-Identifier: Apache-2.0 */
/* The route table: which operation answers which method on which path. */
#include "route.h"
#include "private.h"

#include "apr_strings.h"

/* The whole API. Paths without an id stand before those with one in the same place. */
static const struct route {
    int method;
    const char *method_name;
    const char *path;
    const flixim_operation *operation;
} routes[] = {
    { M_GET, "GET", "/health", &flixim_api_get_health },
    { M_GET, "GET", "/token", &flixim_api_get_token },

    { M_GET, "GET", "/messages", &flixim_api_list_messages },
    { M_POST, "POST", "/messages", &flixim_api_create_message },
    { M_GET, "GET", "/messages/sync", &flixim_api_sync_messages },
    { M_GET, "GET", "/messages/unread_count", &flixim_api_get_unread_count },
    { M_PUT, "PUT", "/messages/batch_read", &flixim_api_mark_read_batch },
    { M_PUT, "PUT", "/messages/read_all", &flixim_api_read_all },
    { M_GET, "GET", "/messages/{id}", &flixim_api_get_message },
    { M_DELETE, "DELETE", "/messages/{id}", &flixim_api_delete_message },
    { M_PUT, "PUT", "/messages/{id}/read", &flixim_api_mark_read },
    { M_PUT, "PUT", "/messages/{id}/withdraw", &flixim_api_withdraw_message },

    { M_GET, "GET", "/conversations", &flixim_api_list_conversations },
    { M_POST, "POST", "/conversations", &flixim_api_create_conversation },
    { M_GET, "GET", "/conversations/{conversation_id}", &flixim_api_get_conversation },
    { M_PUT, "PUT", "/conversations/{conversation_id}", &flixim_api_update_conversation },
    { M_GET, "GET", "/conversations/{conversation_id}/messages", &flixim_api_list_history },

    { M_GET, "GET", "/devices", &flixim_api_list_devices },
    { M_POST, "POST", "/devices", &flixim_api_create_device },
    { M_DELETE, "DELETE", "/devices/{device_id}", &flixim_api_delete_device },

    { M_GET, "GET", "/settings/notifications", &flixim_api_get_notification_settings },
    { M_PUT, "PUT", "/settings/notifications", &flixim_api_update_notification_settings },
};

/* Whether PATH is TEMPLATE with anything but a slash in the place in braces, which is then at *ID and
 * *LENGTH long. */
static int fits(const char *template, const char *path, const char **id, apr_size_t *length)
{
    apr_size_t before = strcspn(template, "{");
    const char *after = template + before;

    *id = NULL;
    if (*after == '\0') {
        return !strcmp(template, path);
    }
    after += strcspn(after, "}") + 1;
    if (strncmp(template, path, before) != 0) {
        return 0;
    }
    *id = path + before;
    *length = strcspn(*id, "/");
    return *length > 0 && !strcmp(after, *id + *length);
}

static flixim_route_id kind_of_id(const char *template)
{
    if (strstr(template, "{conversation_id}")) {
        return FLIXIM_ROUTE_CONVERSATION;
    }
    return strstr(template, "{device_id}") ? FLIXIM_ROUTE_DEVICE : FLIXIM_ROUTE_MESSAGE;
}

/* Fills in the id that PATH has in the place that ROUTE's path has for it. */
static void take_id(request_rec *r, const struct route *route, const char *id, apr_size_t length,
                    flixim_route_match *match)
{
    if (id) {
        match->id = apr_pstrmemdup(r->pool, id, length);
        match->id_of = kind_of_id(route->path);
    }
}

flixim_route_match flixim_route_find(request_rec *r, const char *path)
{
    flixim_route_match match = { NULL, NULL, NULL, FLIXIM_ROUTE_NO_ID };
    const char *template = NULL;

    for (apr_size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *route = &routes[i];
        apr_size_t length = 0;
        const char *id;

        if (template ? strcmp(template, route->path) != 0
                     : !fits(route->path, path, &id, &length)) {
            continue;
        }
        if (!template) {
            template = route->path;
            take_id(r, route, id, length, &match);
        }
        match.allow = apr_pstrcat(r->pool, match.allow ? match.allow : "", match.allow ? ", " : "",
                                  route->method_name, route->method == M_GET ? ", HEAD" : "", NULL);
        if (route->method == r->method_number) {
            match.operation = route->operation;
        }
    }
    if (match.allow) {
        match.allow = apr_pstrcat(r->pool, match.allow, ", OPTIONS", NULL);
    }
    return match;
}
