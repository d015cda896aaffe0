/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as it is stored: for config.c, directives.c and location.c, and nobody else. */
#ifndef FLIXIM_CONFIG_RECORD_H
#define FLIXIM_CONFIG_RECORD_H

#include "config.h"
#include "private.h"

typedef struct flixim_config_server {
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
    /* what set socket_host, if it was in this server; and see flixim_config_has_socket_hosts */
    const ap_directive_t *socket_host_directive;
    int has_socket_hosts;
    /* see flixim_config_database_slot */
    void *database_slot;
    void *keys_slot;
} flixim_config_server;

typedef struct flixim_config_section {
#define MEMBER(type, name, unset, value) type name;
    FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER
    /* ALLOWED_ORIGINS while it is being filled */
    apr_array_header_t *origins;
} flixim_config_section;

static inline flixim_config_server *flixim_config_server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &flixim_module);
}

#endif
