/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket's upgrade: paths, origins, versions, tokens, subprotocols, and the answers. */
#include "unit.h"

#include "flx_upgrade.h"

#define DATE "Mon, 23 Nov 2026 01:51:54 GMT"

/* What the memory of a request is: a copy to the byte, so that a sanitizer sees one too far. */
typedef struct head {
    flx_request request;
    char *copies[64];
    int count;
} head;

static flx_slice copy_of(head *self, const char *text)
{
    char *copy = unit_copy(text, strlen(text));
    flx_slice slice = { copy, strlen(text) };

    self->copies[self->count++] = copy;
    return slice;
}

static void add(head *self, const char *name, const char *value)
{
    flx_header *header = &self->request.headers[self->request.count++];

    header->name = copy_of(self, name);
    header->value = copy_of(self, value);
}

/* A GET of a target; lines: "name: value", each ended by "\n". */
static void make(head *self, const char *method, const char *target, const char *lines)
{
    char text[1000];
    const char *mark = strchr(target, '?');

    memset(self, 0, sizeof *self);
    self->request.minor = 1;
    self->request.method = copy_of(self, method);
    snprintf(text, sizeof text, "%.*s", (int)(mark ? mark - target : (long)strlen(target)), target);
    self->request.path = copy_of(self, text);
    if (mark) {
        self->request.query = copy_of(self, mark + 1);
    }
    while (*lines) {
        const char *colon = strchr(lines, ':'), *end = strchr(lines, '\n');
        char name[100], value[500];
        snprintf(name, sizeof name, "%.*s", (int)(colon - lines), lines);
        snprintf(value, sizeof value, "%.*s", (int)(end - colon - 2), colon + 2);
        add(self, name, value);
        lines = end + 1;
    }
}

static void unmake(head *self)
{
    while (self->count > 0) {
        free(self->copies[--self->count]);
    }
}

static void finds_the_transport(void **state)
{
    static const struct {
        const char *path;
        const char *mount;
        const char *transport;
    } cases[] = {
        { "/socket/websocket", "/socket", "websocket" },
        { "/socket/longpoll", "/socket", "longpoll" },
        { "/socket/websocket/", "/socket", "websocket" },
        { "//socket//websocket", "/socket", "websocket" },
        { "/socket/websocket", "/socket/", "websocket" },
        { "/a/b/websocket", "/a/b", "websocket" },
        { "/socket", "/socket", NULL },
        { "/socket/", "/socket", NULL },
        { "/socket/websocketx", "/socket", NULL },
        { "/socket/websocke", "/socket", NULL },
        { "/socket/websocket/x", "/socket", NULL },
        { "/socketx/websocket", "/socket", NULL },
        { "/websocket", "/socket", NULL },
        { "/a/websocket", "/a/b", NULL },
        { "/", "/socket", NULL },
        { "", "/socket", NULL },
        { "*", "/socket", NULL },
        { "/Socket/websocket", "/socket", NULL },
        { "/socket/%77ebsocket", "/socket", NULL },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        head one;
        const char *found;
        make(&one, "GET", cases[i].path, "");
        found = flx_request_transport(&one.request, cases[i].mount);
        if (cases[i].transport == NULL ? found != NULL
                                       : found == NULL || strcmp(found, cases[i].transport) != 0) {
            fail_msg("%s below %s: %s", cases[i].path, cases[i].mount, found ? found : "none");
        }
        unmake(&one);
    }
}

static void finds_headers(void **state)
{
    head one;
    flx_slice value;

    (void)state;
    make(&one, "GET", "/", "Host: a\nX-One: 1\nx-one: 2\nEmpty: \n");
    value = flx_request_header(&one.request, "x-one");
    assert_int_equal(value.length, 1);
    assert_memory_equal(value.at, "1", 1);
    value = flx_request_header(&one.request, "HOST");
    assert_memory_equal(value.at, "a", 1);
    assert_non_null(flx_request_header(&one.request, "empty").at);
    assert_null(flx_request_header(&one.request, "x-on").at);
    assert_null(flx_request_header(&one.request, "x-one-more").at);
    unmake(&one);
}

static const char *const none[] = { NULL }, *const all[] = { "*", NULL },
                         *const wild[] = { "//*.ex.com", NULL },
                         *const some[] = { "http://a.com", "https://b.com:8443", "//c.com",
                                           "//d.com:81", NULL };
static const struct {
    const char *const *allowed;
    const char *host;
    const char *origin; /* NULL: no header */
    int is_allowed;
} origins[] = {
    { none, "ex.com", NULL, 1 },
    { some, "ex.com", "http://a.com:", 1 },
    { some, "ex.com", "http://c.com:12345", 1 },
    { some, "ex.com", "http://c.com:123456", 0 },
    { some, "ex.com", "http://c.com:8.1", 0 },
    { some, "ex.com", "http://c.com:8:1", 0 },
    { none, "ex.com", "http://ex.com", 1 },
    { none, "ex.com:4000", "https://ex.com", 1 },
    { none, "ex.com", "https://ex.com:8443", 1 },
    { none, "EX.com", "http://ex.COM", 1 },
    { none, "[::1]:4000", "http://[::1]:8000", 1 },
    { none, "ex.com", "http://notallowed.com", 0 },
    { none, "ex.com", "http://sub.ex.com", 0 },
    { none, "ex.com", "http://ex.com.evil.org", 0 },
    { none, "ex.com", "http://ex.com@evil.org", 0 },
    { none, "ex.com", "http://evil.org/ex.com", 0 },
    { none, "ex.com", "null", 0 },
    { none, "ex.com", "file://", 0 },
    { none, "ex.com", "", 0 },
    { none, "ex.com", "ex.com", 0 },
    { none, "ex.com", "//ex.com", 0 },
    { none, "ex.com", "http://ex.com:x", 0 },
    { none, "ex.com", "http://[::1", 0 },
    { none, "", "http://", 0 },
    { all, "ex.com", "http://evil.org", 1 },
    { all, "ex.com", "null", 1 },
    { all, "ex.com", "", 1 },
    { wild, "x", "http://ex.com", 1 },
    { wild, "x", "https://a.ex.com", 1 },
    { wild, "x", "https://a.b.ex.com:99", 1 },
    { wild, "x", "http://prefix-ex.com", 0 },
    { wild, "x", "http://ex.com.org", 0 },
    { wild, "x", "http://x", 0 },
    { some, "x", "http://a.com", 1 },
    { some, "x", "http://a.com:80", 1 },
    { some, "x", "http://a.com:81", 0 },
    { some, "x", "https://a.com", 0 },
    { some, "x", "http://b.a.com", 0 },
    { some, "x", "https://b.com:8443", 1 },
    { some, "x", "https://b.com", 0 },
    { some, "x", "https://c.com", 1 },
    { some, "x", "http://c.com:1234", 1 },
    { some, "x", "http://d.com:81", 1 },
    { some, "x", "http://d.com", 0 },
    { some, "x", NULL, 1 },
    { some, "x", "null", 0 },
};

static void judges_origins(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        head one;
        flx_origin_rule rule = { origins[i].allowed, { NULL, 0 } };
        make(&one, "GET", "/", "");
        rule.host = copy_of(&one, origins[i].host);
        if (origins[i].origin != NULL) {
            add(&one, "Origin", origins[i].origin);
        }
        if (flx_origin_is_allowed(&one.request, &rule) != origins[i].is_allowed) {
            fail_msg("case %zu: %s", i, origins[i].origin ? origins[i].origin : "no origin");
        }
        unmake(&one);
    }
}

/* Reads a connect. Prints "status", or "version token session", "-" for what is not there. */
static void read_connect(const char *target, const char *lines, char *seen, size_t room)
{
    head one;
    flx_connect connect;
    int status;

    make(&one, "GET", target, lines);
    status = flx_connect_read(&connect, &one.request);
    if (status != 0) {
        snprintf(seen, room, "%d", status);
    }
    else {
        snprintf(seen, room, "%d %.*s %.*s%s", connect.version,
                 connect.token.at ? (int)connect.token.length : 1,
                 connect.token.at ? connect.token.at : "-",
                 connect.session.at ? (int)connect.session.length : 1,
                 connect.session.at ? connect.session.at : "-",
                 connect.echoes_protocol ? " phoenix" : "");
        flx_connect_free(&connect);
    }
    unmake(&one);
}

static const struct {
    const char *query;
    const char *seen;
} queries[] = {
    { "", "1 - -" },
    { "?", "1 - -" },
    { "?vsn=1.0.0", "1 - -" },
    { "?vsn=1.0.5", "1 - -" },
    { "?vsn=2.0.0", "2 - -" },
    { "?vsn=2.0.1", "2 - -" },
    { "?vsn=2.0.99", "2 - -" },
    { "?vsn=2.0.1-rc.1", "2 - -" },
    { "?vsn=%32.0.0", "2 - -" },
    { "?vsn=2.0.0%2Bbuild", "2 - -" },
    { "?vsn=2.0.0%2bbuild.7", "2 - -" },
    { "?v%73n=2.0.0", "2 - -" },
    { "?vsn=1.0.0&vsn=2.0.0", "2 - -" },
    { "?vsn=9.9.9&vsn=2.0.0", "2 - -" },
    { "?vsn[]=2.0.0&vsn=2.0.0", "2 - -" },
    { "?vsn[=9", "1 - -" },
    { "?vsnx=9", "1 - -" },
    { "?vsn=2.0.0&vsn=9.9.9", "403" },
    { "?vsn=2.1.0", "403" },
    { "?vsn=1.1.0", "403" },
    { "?vsn=3.0.0", "403" },
    { "?vsn=0.0.0", "403" },
    { "?vsn=123.1.1", "403" },
    { "?vsn=20.0.0", "403" },
    { "?vsn=2.0", "403" },
    { "?vsn=2", "403" },
    { "?vsn=2.0.", "403" },
    { "?vsn=2.0.0.0", "403" },
    { "?vsn=.0.0", "403" },
    { "?vsn=abc", "403" },
    { "?vsn=", "403" },
    { "?vsn", "403" },
    { "?vsn=02.0.0", "403" },
    { "?vsn=2.00.0", "403" },
    { "?vsn=2.0.00", "403" },
    { "?vsn=2.0.0-rc.1", "403" },
    { "?vsn=2.0.1-", "403" },
    { "?vsn=2.0.1-rc..1", "403" },
    { "?vsn=2.0.1-01", "403" },
    { "?vsn=2.0.1-0", "2 - -" },
    { "?vsn=2.0.1-10", "2 - -" },
    { "?vsn=2.0.1-0a", "2 - -" },
    { "?vsn=2.0.1-a.0", "2 - -" },
    { "?vsn=2.0.1-a.01", "403" },
    { "?vsn=2.0.1-a.", "403" },
    { "?vsn=2.0.1%2B01", "2 - -" },
    { "?vsn=2.0.1-a%2Bb", "2 - -" },
    { "?vsn=2.0.1-a%2B", "403" },
    { "?vsn=2x0.0", "403" },
    { "?vsn=2.0x0", "403" },
    { "?vsn=2..0", "403" },
    { "?abc[]=9", "1 - -" },
    { "?vsn[x=9", "1 - -" },
    { "?vsnx]=9", "1 - -" },
    { "?vsn=2.0.1-rc_1", "403" },
    { "?vsn=2.0.0+build", "403" },
    { "?vsn=2.0.0%2B", "403" },
    { "?vsn= 2.0.0", "403" },
    { "?vsn=2.0.0%00", "403" },
    { "?vsn[]=2.0.0", "403" },
    { "?vsn[a]=2.0.0", "403" },
    { "?vsn%5B%5D=2.0.0", "403" },
    { "?vsn=2.0.0&vsn[]=2.0.0", "403" },
    { "?a=%zz&token=t", "1 t -" },
    { "?token=%zz", "1 %zz -" },
    { "?token=%", "1 % -" },
    { "?&&token=t&&", "1 t -" },
    { "?token=a%20b%26c%3D%C3%A9&&o%5Bk%5D%5B0%5D=1&vsn=2.0.0", "2 a b&c=\xC3\xA9 -" },
    { "?token=a+b", "1 a b -" },
    { "?token=a=b", "1 a=b -" },
    { "?token=a&token=b", "1 b -" },
    { "?token=a&token=", "1 a -" },
    { "?token=", "1 - -" },
    { "?token[]=a", "1 - -" },
    { "?token=flxlp.s", "1 - flxlp.s" },
    { "?token=a&vsn=2.0.0&token=flxlp.s", "2 a flxlp.s" },
    { "?token=flxlp.s&token=a", "1 a flxlp.s" },
    { "?token=flxlp.s&token=flxlp.t", "1 - flxlp.t" },
    { "?token=xflxlp.s", "1 xflxlp.s -" },
    { "?token=flxlp.", "1 - flxlp." },
    { "?a=%ff", "400" },
    { "?%ff", "400" },
    { "?a=%ed%a0%80", "400" },
    { "?vsn=9&a=%ff", "400" },
    { "?a=%c3&b=%a9", "400" },
};

static void reads_queries(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        char target[200], seen[200];
        snprintf(target, sizeof target, "/socket/websocket%s", queries[i].query);
        read_connect(target, "Host: a\n", seen, sizeof seen);
        if (strcmp(seen, queries[i].seen) != 0) {
            fail_msg("%s: %s, not %s", queries[i].query, seen, queries[i].seen);
        }
    }
}

static void refuses_a_long_query(void **state)
{
    flx_request request;
    flx_connect connect;
    char *query = malloc(1000001);

    (void)state;
    assert_non_null(query);
    memset(query, 'a', 1000001);
    memset(&request, 0, sizeof request);
    request.query.at = query;
    request.query.length = 1000001;
    assert_int_equal(flx_connect_read(&connect, &request), 414);
    request.query.length = 1000000;
    assert_int_equal(flx_connect_read(&connect, &request), 0);
    flx_connect_free(&connect);
    free(query);
}

#define BEARER "base64url.bearer.phx."

static void reads_tokens(void **state)
{
    static const struct {
        const char *lines;
        const char *seen;
    } cases[] = {
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "dG9r\n", "1 tok - phoenix" },
        { "Sec-WebSocket-Protocol: " BEARER "dG9r , phoenix\n", "1 tok - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix\nSec-WebSocket-Protocol: " BEARER "dG9r\n",
          "1 tok - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix\n", "1 q - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix, foo\n", "1 q - phoenix" },
        { "Sec-WebSocket-Protocol: " BEARER "dG9r\n", "1 tok -" },
        { "Sec-WebSocket-Protocol: foo\n", "1 q -" },
        { "Sec-WebSocket-Protocol: \n", "1 q -" },
        { "Sec-WebSocket-Protocol: foo, " BEARER "dG9r\n", "403" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "dG9r, " BEARER "dG9r\n", "1 q - phoenix" },
        { "Sec-WebSocket-Protocol: " BEARER "dG9r, " BEARER "dG9r\n", "403" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "\n", "1 q - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "Pz8/Pj4+\n", "1 ?"
                                                                   "?"
                                                                   "?>>> - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "Pz8_Pj4-\n", "1 ?"
                                                                   "?"
                                                                   "?>>> - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "dG8=\n", "1 to - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "dG8\n", "1 to - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "aGAg\n", "1 h`  - phoenix" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "d\n", "403" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "dG9r=\n", "403" },
        { "Sec-WebSocket-Protocol: phoenix, " BEARER "!!!!\n", "403" },
        { "X-Phoenix-AuthToken: h\n", "1 h -" },
        { "X-Phoenix-AuthToken: h\nSec-WebSocket-Protocol: phoenix, " BEARER "dG9r\n",
          "1 tok - phoenix" },
        { "Authorization: Bearer b\n", "1 q -" },
        { "Authorization: Bearer b\nX-Phoenix-AuthToken: h\n", "1 h -" },
        { "Authorization: Bearer b\nAuthorization: Bearer b\n", "400" },
        { "X-Phoenix-Longpoll-Token: flxlp.h\n", "1 q flxlp.h" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char seen[200];
        read_connect("/socket/websocket?token=q", cases[i].lines, seen, sizeof seen);
        if (strcmp(seen, cases[i].seen) != 0) {
            fail_msg("%s: %s, not %s", cases[i].lines, seen, cases[i].seen);
        }
    }
}

static void reads_authorization(void **state)
{
    static const char *const cases[][2] = {
        { "Authorization: Bearer b\n", "1 b -" },
        { "Authorization: bearer   b\n", "1 b -" },
        { "Authorization: Basic b\n", "1 - -" },
        { "Authorization: Bearer\n", "1 - -" },
        { "Authorization: Digest b\n", "1 - -" },
        { "Authorization: Bearer \n", "1 - -" },
        { "Authorization: Bearerb\n", "1 - -" },
        { "X-Phoenix-Longpoll-Token: s\n", "1 - s" },
        { "", "1 - -" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char seen[200];
        read_connect("/socket/longpoll", cases[i][0], seen, sizeof seen);
        assert_string_equal(seen, cases[i][1]);
    }
    /* the header wins over the query */
    {
        char seen[200];
        read_connect("/socket/longpoll?token=flxlp.q", "X-Phoenix-Longpoll-Token: flxlp.h\n", seen,
                     sizeof seen);
        assert_string_equal(seen, "1 - flxlp.h");
    }
}

static void checks_in_order(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        const char *lines;
        int status;
    } cases[] = {
        { "GET", "/socket/websocket?vsn=2.0.0", "Host: ex.com\n", 0 },
        { "POST", "/socket/websocket?vsn=9", "Host: ex.com\nOrigin: null\n", 400 },
        { "HEAD", "/socket/websocket", "Host: ex.com\n", 400 },
        { "get", "/socket/websocket", "Host: ex.com\n", 400 },
        { "GETX", "/socket/websocket", "Host: ex.com\n", 400 },
        { "GE", "/socket/websocket", "Host: ex.com\n", 400 },
        { "GET", "/socket/websocket?a=%ff", "Host: ex.com\nOrigin: null\n", 400 },
        { "GET", "/socket/websocket", "Host: ex.com\nOrigin: null\n", 403 },
        { "GET", "/socket/websocket",
          "Host: ex.com\nOrigin: null\nAuthorization: x\nAuthorization: x\n", 403 },
        { "GET", "/socket/websocket?vsn=9", "Host: ex.com\n", 403 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        head one;
        flx_connect connect;
        flx_origin_rule rule = { none, { "ex.com", 6 } };
        int status;
        make(&one, cases[i].method, cases[i].target, cases[i].lines);
        status = flx_upgrade_read(&connect, &one.request, &rule);
        if (status != cases[i].status) {
            fail_msg("%s %s: %d", cases[i].method, cases[i].target, status);
        }
        if (status == 0) {
            flx_connect_free(&connect);
        }
        unmake(&one);
    }
}

#define USUAL                                                                                      \
    "Host: a\nConnection: keep-alive, Upgrade\nUpgrade: WebSocket\nSec-WebSocket-Version: 13\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"

static int answer(const char *lines, int minor, int echoes, char *seen, size_t room)
{
    flx_connect connect = { .version = 2, .echoes_protocol = echoes };
    flx_buffer buffer;
    head one;
    int status;

    make(&one, "GET", "/", lines);
    one.request.minor = minor;
    flx_buffer_init(&buffer, 10000);
    status = flx_upgrade_answer(&buffer, &one.request, &connect, DATE);
    assert_false(flx_buffer_failed(&buffer));
    snprintf(seen, room, "%.*s", (int)buffer.length, buffer.at);
    flx_buffer_free(&buffer);
    unmake(&one);
    return status;
}

static void answers_an_upgrade(void **state)
{
    char seen[1000];
    const char *expected = "HTTP/1.1 101 Switching Protocols\r\n"
                           "date: " DATE "\r\n"
                           "upgrade: websocket\r\n"
                           "connection: Upgrade\r\n"
                           "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                           "cache-control: max-age=0, private, must-revalidate\r\n";
    char with[1000];

    (void)state;
    assert_int_equal(answer(USUAL KEY, 1, 0, seen, sizeof seen), 0);
    snprintf(with, sizeof with, "%s\r\n", expected);
    assert_string_equal(seen, with);
    assert_int_equal(answer(USUAL KEY, 1, 1, seen, sizeof seen), 0);
    snprintf(with, sizeof with, "%ssec-websocket-protocol: phoenix\r\n\r\n", expected);
    assert_string_equal(seen, with);
}

static void says_why_it_is_no_upgrade(void **state)
{
    static const struct {
        const char *lines;
        int minor;
        const char *text; /* NULL: any */
    } cases[] = {
        { "Host: a\n", 1, "'connection' header must contain 'upgrade', got []" },
        { "Host: a\nConnection: close\nConnection: x \"y\\\n", 1,
          "'connection' header must contain 'upgrade', got [\"close\", \"x \\\"y\\\\\"]" },
        { "Host: a\nConnection: upgrade\n", 1,
          "'upgrade' header must contain 'websocket', got []" },
        { "Host: a\nConnection: upgrade\nUpgrade: h2c\n", 1,
          "'upgrade' header must contain 'websocket', got [\"h2c\"]" },
        { USUAL, 1, "'sec-websocket-key' header is absent" },
        { "Host: a\nConnection: upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 8\n" KEY, 1,
          "'sec-websocket-version' header must equal '13', got [\"8\"]" },
        { "Host: a\nConnection: upgrade\nUpgrade: websocket\n" KEY, 1,
          "'sec-websocket-version' header must equal '13', got []" },
        { USUAL KEY "Sec-WebSocket-Version: 13\n", 1,
          "'sec-websocket-version' header must equal '13', got [\"13\", \"13\"]" },
        { USUAL KEY, 0, "HTTP version HTTP/1.0 unsupported" },
        { "Connection: upgrade\n", 1, "'host' header is absent" },
        { USUAL KEY KEY, 1, NULL },
        { USUAL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\n", 1, NULL },
        { USUAL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\n", 1, NULL },
        { USUAL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQA=\n", 1, NULL },
        { USUAL "Sec-WebSocket-Key: dGhlIHNhbXBsZSBu*25jZQ==\n", 1, NULL },
        { USUAL KEY "Content-Length: 5\n", 1, NULL },
        { USUAL KEY "Transfer-Encoding: chunked\n", 1, NULL },
    };
    char seen[1000];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(answer(cases[i].lines, cases[i].minor, 0, seen, sizeof seen), 400);
        if (cases[i].text != NULL) {
            assert_string_equal(seen, cases[i].text);
        }
    }
    assert_int_equal(answer(USUAL KEY "Content-Length: 0\n", 1, 0, seen, sizeof seen), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_transport),  cmocka_unit_test(finds_headers),
        cmocka_unit_test(judges_origins),       cmocka_unit_test(reads_queries),
        cmocka_unit_test(refuses_a_long_query), cmocka_unit_test(reads_tokens),
        cmocka_unit_test(reads_authorization),  cmocka_unit_test(checks_in_order),
        cmocka_unit_test(answers_an_upgrade),   cmocka_unit_test(says_why_it_is_no_upgrade),
    };

    return unit_run("upgrade", tests, sizeof tests / sizeof tests[0]);
}
