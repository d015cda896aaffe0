/* SPDX-License-Identifier: Apache-2.0 */
/* Whose pages may connect: the header Origin against the request's own host or a list. */
#include "flx_request.h"

#include <string.h>

/* What a URL of the form scheme://host:port says; a part that is not there has no length (port: -1). */
typedef struct origin {
    flx_slice scheme;
    flx_slice host;
    long port;
} origin;

static int same(flx_slice a, flx_slice b)
{
    size_t i;

    if (a.length != b.length) {
        return 0;
    }
    for (i = 0; i < a.length; i++) {
        char x = a.at[i], y = b.at[i];
        x = (char)(x >= 'A' && x <= 'Z' ? x + 32 : x);
        y = (char)(y >= 'A' && y <= 'Z' ? y + 32 : y);
        if (x != y) {
            return 0;
        }
    }
    return 1;
}

/* Splits host:port, [address]:port. Returns 0, or -1 if there is no host or the port is no number. */
static int split_authority(flx_slice authority, origin *parts)
{
    const char *end = authority.at + authority.length, *colon;
    size_t i;

    if (authority.length > 0 && authority.at[0] == '[') {
        const char *bracket = memchr(authority.at, ']', authority.length);
        if (bracket == NULL) {
            return -1;
        }
        colon = bracket + 1;
        if (colon < end && *colon != ':') {
            return -1;
        }
    }
    else {
        colon = authority.length > 0 ? memchr(authority.at, ':', authority.length) : NULL;
        colon = colon != NULL ? colon : end;
    }
    parts->host.at = authority.at;
    parts->host.length = (size_t)(colon - authority.at);
    parts->port = -1;
    if (colon + 1 < end) {
        size_t digits = (size_t)(end - colon) - 1;
        if (digits > 5) {
            return -1;
        }
        parts->port = 0;
        for (i = 1; i <= digits; i++) {
            if (colon[i] < '0' || colon[i] > '9') {
                return -1;
            }
            parts->port = parts->port * 10 + (colon[i] - '0');
        }
    }
    return parts->host.length > 0 ? 0 : -1;
}

static long default_port(flx_slice scheme)
{
    return flx_request_is(scheme, "http") || flx_request_is(scheme, "ws")     ? 80
           : flx_request_is(scheme, "https") || flx_request_is(scheme, "wss") ? 443
                                                                              : -1;
}

/* Reads "scheme://host:port" or "//host:port"; what follows the authority is not looked at. */
static int parse(flx_slice text, origin *parts)
{
    static const char mark[] = "//";
    const char *end = text.at + text.length, *at = text.at;
    flx_slice authority;
    size_t i;

    while (end - at >= 2 && memcmp(at, mark, 2) != 0) {
        at++;
    }
    if (end - at < 2) {
        return -1;
    }
    parts->scheme.at = text.at;
    parts->scheme.length = (size_t)(at - text.at);
    if (parts->scheme.length > 0) {
        if (at[-1] != ':' || parts->scheme.length == 1) {
            return -1;
        }
        parts->scheme.length--;
    }
    authority.at = at + 2;
    authority.length = 0;
    while (authority.at + authority.length < end &&
           strchr("/?#", authority.at[authority.length]) == NULL) {
        authority.length++;
    }
    for (i = authority.length; i > 0; i--) {
        if (authority.at[i - 1] == '@') {
            return -1; /* no browser sends a user's name */
        }
    }
    if (split_authority(authority, parts) != 0) {
        return -1;
    }
    if (parts->port < 0) {
        parts->port = default_port(parts->scheme);
    }
    return 0;
}

/* "*.ex.com" is ex.com itself and whatever ends with .ex.com. */
static int host_matches(flx_slice host, flx_slice allowed)
{
    flx_slice tail;

    if (!flx_request_begins(allowed, "*.")) {
        return same(host, allowed);
    }
    allowed.at += 2;
    allowed.length -= 2;
    if (same(host, allowed)) {
        return 1;
    }
    if (host.length <= allowed.length) {
        return 0;
    }
    tail.at = host.at + host.length - allowed.length;
    tail.length = allowed.length;
    return tail.at[-1] == '.' && same(tail, allowed);
}

static int is_listed(const origin *from, const char *entry)
{
    flx_slice text = { entry, strlen(entry) };
    origin allowed;

    if (parse(text, &allowed) != 0) {
        return 0;
    }
    return (allowed.scheme.length == 0 || same(allowed.scheme, from->scheme)) &&
           (allowed.port < 0 || allowed.port == from->port) &&
           host_matches(from->host, allowed.host);
}

int flx_origin_is_allowed(const flx_request *request, const flx_origin_rule *rule)
{
    flx_slice value = flx_request_header(request, "origin");
    origin from, asked;
    size_t i;

    if (value.at == NULL) {
        return 1;
    }
    for (i = 0; rule->allowed != NULL && rule->allowed[i] != NULL; i++) {
        if (strcmp(rule->allowed[i], "*") == 0) {
            return 1;
        }
    }
    if (parse(value, &from) != 0 || from.scheme.length == 0) {
        return 0;
    }
    if (i == 0) {
        return rule->host.at != NULL && split_authority(rule->host, &asked) == 0 &&
               same(from.host, asked.host);
    }
    for (i = 0; rule->allowed[i] != NULL; i++) {
        if (is_listed(&from, rule->allowed[i])) {
            return 1;
        }
    }
    return 0;
}
