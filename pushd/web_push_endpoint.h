/* SPDX-License-Identifier: Apache-2.0 */
/* The address that a browser's subscription names, which is any client's word: whether pushes may go there. */
#ifndef PUSH_WEB_PUSH_ENDPOINT_H
#define PUSH_WEB_PUSH_ENDPOINT_H

#include "flx_json_scan.h"

/* Slices of the URL. */
typedef struct push_web_push_endpoint {
    flx_slice origin; /* as RFC 6454 spells it: without the scheme's own port */
    flx_slice host;
    int port;
    int is_tls;
} push_web_push_endpoint;

/* Reads a URL, in the one spelling that leaves no two readers a choice: "https://", a host in lower case, perhaps a port, a path of characters that a URL may have;
 * or "http://" of localhost. Returns 0, or -1 if it is none. */
int push_web_push_endpoint_read(push_web_push_endpoint *endpoint, const char *url)
    __attribute__((warn_unused_result));

/* Whether a list has it, as web_push_hosts of conf/pushd.conf describes; the list ends with NULL. */
int push_web_push_endpoint_is_allowed(const push_web_push_endpoint *endpoint,
                                      const char *const *hosts);

#endif
