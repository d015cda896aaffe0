/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of each virtual host and section: directives, merging, defaults. */
#include "config.h"
#include "config_record.h"

void *flixim_config_create_server(apr_pool_t *p, server_rec *s)
{
    flixim_config_server *conf = apr_pcalloc(p, sizeof(*conf));

#define MEMBER(type, name, unset, value) conf->name = unset;
    FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER
    conf->token_owner = s;
    return conf;
}

void *flixim_config_merge_server(apr_pool_t *p, void *main_server, void *virtual_host)
{
    const flixim_config_server *base = main_server;
    const flixim_config_server *add = virtual_host;
    flixim_config_server *conf = apr_pcalloc(p, sizeof(*conf));

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
    conf->socket_host_directive = add->socket_host_directive;
    return conf;
}

#define MEMBER(type, name, unset, value)                                                           \
    type flixim_config_##name(const server_rec *s)                                                 \
    {                                                                                              \
        const flixim_config_server *conf = flixim_config_server_of(s);                             \
        return conf->name != (unset) ? conf->name : (value);                                       \
    }
FLIXIM_CONFIG_MEMBERS(MEMBER)
#undef MEMBER

void *flixim_config_create_section(apr_pool_t *p, char *path)
{
    flixim_config_section *conf = apr_pcalloc(p, sizeof(*conf));

    (void)path;
#define MEMBER(type, name, unset, value) conf->name = unset;
    FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER
    return conf;
}

void *flixim_config_merge_section(apr_pool_t *p, void *outer, void *inner)
{
    const flixim_config_section *base = outer;
    const flixim_config_section *add = inner;
    flixim_config_section *conf = apr_pcalloc(p, sizeof(*conf));

#define MEMBER(type, name, unset, value) conf->name = add->name != (unset) ? add->name : base->name;
    FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER
    return conf;
}

#define MEMBER(type, name, unset, value)                                                           \
    type flixim_config_##name(const request_rec *r)                                                \
    {                                                                                              \
        const flixim_config_section *conf =                                                        \
            ap_get_module_config(r->per_dir_config, &flixim_module);                               \
        return conf->name != (unset) ? conf->name : (value);                                       \
    }
FLIXIM_CONFIG_SECTION_MEMBERS(MEMBER)
#undef MEMBER

flixim_dbd_pool *flixim_config_dbd_pool(const server_rec *s)
{
    return &flixim_config_server_of(s)->dbd_pool;
}

const ap_directive_t *flixim_config_database_connections_directive(const server_rec *s)
{
    return flixim_config_server_of(s)->database_connections_directive;
}

const server_rec *flixim_config_token_owner(const server_rec *s)
{
    return flixim_config_server_of(s)->token_owner;
}

const ap_directive_t *flixim_config_token_key_directive(const server_rec *s)
{
    return flixim_config_server_of(s)->token_key_directive;
}

const ap_directive_t *flixim_config_token_jwks_directive(const server_rec *s)
{
    return flixim_config_server_of(s)->token_jwks_directive;
}

void **flixim_config_database_slot(const server_rec *s)
{
    return &flixim_config_server_of(s)->database_slot;
}

void **flixim_config_keys_slot(const server_rec *s)
{
    return &flixim_config_server_of(s)->keys_slot;
}

const ap_directive_t *flixim_config_socket_host_directive(const server_rec *s)
{
    return flixim_config_server_of(s)->socket_host_directive;
}

int *flixim_config_has_socket_hosts(const server_rec *main_server)
{
    return &flixim_config_server_of(main_server)->has_socket_hosts;
}
