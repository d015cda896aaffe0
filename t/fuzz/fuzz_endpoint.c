/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the URLs that clients subscribe with: what is taken for one is read alike by libcurl, which will go there, and its origin says where that is. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "web_push_endpoint.h"

static const char *const hosts[] = { "push.example.org", "*.example.com:8443", "localhost:4100",
                                     NULL };

static int slice_is(flx_slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

static int ends_with(flx_slice slice, const char *end)
{
    size_t length = strlen(end);

    return slice.length > length && memcmp(slice.at + slice.length - length, end, length) == 0;
}

/* Whether a part of a URL, as libcurl reads it, is a text. */
static int curl_says(CURLU *url, CURLUPart what, unsigned flags, flx_slice expected)
{
    char *part = NULL;
    int same = curl_url_get(url, what, &part, flags) == CURLUE_OK && slice_is(expected, part);

    curl_free(part);
    return same;
}

static void check(const push_web_push_endpoint *endpoint, const char *text)
{
    CURLU *url = curl_url();
    char port[8], origin[300];
    flx_slice said = { port, 0 };
    int usual = endpoint->is_tls ? 443 : 80;

    must(url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK);
    said.length = (size_t)snprintf(port, sizeof port, "%d", endpoint->port);
    must(curl_says(url, CURLUPART_HOST, 0, endpoint->host));
    must(curl_says(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, said));
    said.at = endpoint->is_tls ? "https" : "http";
    said.length = strlen(said.at);
    must(curl_says(url, CURLUPART_SCHEME, 0, said));
    curl_url_cleanup(url);
    snprintf(origin, sizeof origin, "%s://%.*s%s%s", said.at, (int)endpoint->host.length,
             endpoint->host.at, endpoint->port != usual ? ":" : "",
             endpoint->port != usual ? port : "");
    must(slice_is(endpoint->origin, origin));
    must(endpoint->is_tls || slice_is(endpoint->host, "localhost") ||
         slice_is(endpoint->host, "127.0.0.1"));
    if (push_web_push_endpoint_is_allowed(endpoint, hosts)) {
        must((slice_is(endpoint->host, "push.example.org") && endpoint->port == 443) ||
             (ends_with(endpoint->host, ".example.com") && endpoint->port == 8443) ||
             (slice_is(endpoint->host, "localhost") && endpoint->port == 4100));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    push_web_push_endpoint endpoint;

    must(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    if (push_web_push_endpoint_read(&endpoint, text) == 0) {
        check(&endpoint, text);
    }
    free(text);
    return 0;
}
