/* SPDX-License-Identifier: Apache-2.0 */
/* The address that a browser's subscription names, which is any client's word: whether pushes may go there. */
#include "web_push_endpoint.h"

#include <arpa/inet.h>
#include <string.h>

#define HTTPS_PORT 443
#define HTTP_PORT  80
#define DIGITS     "0123456789"
#define LETTERS    "abcdefghijklmnopqrstuvwxyz"
#define HOST       DIGITS LETTERS "-."
#define PORT_MAX   65535
#define HOST_MAX   253 /* characters, of a name in the DNS */

/* Of RFC 3986 what a path and a query have. */
#define REST HOST "ABCDEFGHIJKLMNOPQRSTUVWXYZ_~%!$&'()*+,;=:@/?"

/* Reads digits. Returns the port, or -1. */
static int read_port(const char *text, size_t length)
{
    int port = 0;

    if (length == 0 || length > 5 || text[0] == '0') {
        return -1;
    }
    for (size_t i = 0; i < length; i++) {
        port = port * 10 + (text[i] - '0');
    }
    return port <= PORT_MAX ? port : -1;
}

static int slice_is(flx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

/* Only this machine is spoken to in the open, as tests do. */
static int is_local(flx_slice host)
{
    return slice_is(host, "localhost") || slice_is(host, "127.0.0.1");
}

/* Whether a host is spelled as everybody spells it. A name that ends in a number is an address to many readers, "127.1" as well. */
static int is_host(flx_slice host)
{
    char text[HOST_MAX + 1];
    struct in_addr address;
    const char *dot, *last;

    if (host.length == 0 || host.length > HOST_MAX) {
        return 0;
    }
    memcpy(text, host.at, host.length);
    text[host.length] = '\0';
    dot = strrchr(text, '.');
    last = dot != NULL ? dot + 1 : text;
    if (strchr(DIGITS, *last) != NULL) { /* the end of the text as well */
        return inet_pton(AF_INET, text, &address) == 1;
    }
    return text[0] != '.' && strstr(text, "..") == NULL;
}

int push_web_push_endpoint_read(push_web_push_endpoint *endpoint, const char *url)
{
    static const char https[] = "https://", http[] = "http://";
    int usual;
    const char *end;

    endpoint->is_tls = strncmp(url, https, strlen(https)) == 0;
    if (!endpoint->is_tls && strncmp(url, http, strlen(http)) != 0) {
        return -1;
    }
    endpoint->host.at = url + (endpoint->is_tls ? strlen(https) : strlen(http));
    endpoint->host.length = strspn(endpoint->host.at, HOST);
    if (!is_host(endpoint->host) || (!endpoint->is_tls && !is_local(endpoint->host))) {
        return -1;
    }
    end = endpoint->host.at + endpoint->host.length;
    usual = endpoint->is_tls ? HTTPS_PORT : HTTP_PORT;
    endpoint->port = usual;
    endpoint->origin.at = url;
    endpoint->origin.length = (size_t)(end - url);
    if (*end == ':') {
        size_t digits = strspn(end + 1, DIGITS);

        endpoint->port = read_port(end + 1, digits);
        end += 1 + digits;
        endpoint->origin.length += endpoint->port == usual ? 0 : 1 + digits;
    }
    return endpoint->port > 0 && *end == '/' && end[strspn(end, REST)] == '\0' ? 0 : -1;
}

/* An entry: "push.example.org", "*.example.org", with ":8443". */
static int is_listed(const push_web_push_endpoint *endpoint, const char *entry)
{
    const char *colon = strchr(entry, ':');
    flx_slice name = { entry, colon != NULL ? (size_t)(colon - entry) : strlen(entry) };
    int port = colon != NULL ? read_port(colon + 1, strlen(colon + 1)) : HTTPS_PORT;
    flx_slice host = endpoint->host;

    if (port != endpoint->port) {
        return 0;
    }
    if (name.length > 2 && name.at[0] == '*' && name.at[1] == '.') {
        /* What is below the name ends with it, dot and all, and has something before. */
        name.at++;
        name.length--;
        if (host.length <= name.length) {
            return 0;
        }
        host.at += host.length - name.length;
        host.length = name.length;
    }
    return host.length == name.length && memcmp(host.at, name.at, name.length) == 0;
}

int push_web_push_endpoint_is_allowed(const push_web_push_endpoint *endpoint,
                                      const char *const *hosts)
{
    for (; *hosts != NULL; hosts++) {
        if (is_listed(endpoint, *hosts)) {
            return 1;
        }
    }
    return 0;
}
