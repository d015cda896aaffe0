/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests, whole and in pieces: what is taken, what is left, and what is refused with which status. */
/* With pushd: request.c -lhttp_parser */
#include "unit.h"

#include "flx_buffer.h"
#include "request.h"

#define HEAD_SIZE 2000
#define GET       "GET / HTTP/1.1\r\nHost: a\r\n"

/* Reads one request from text, at most step bytes at a time. Returns its state; *left: how many bytes are left. */
static push_request_state read_request(push_request *request, const char *text, size_t length,
                                       size_t step, size_t *left)
{
    push_request_state got = PUSH_REQUEST_WANTS;

    while (length > 0 && (got == PUSH_REQUEST_WANTS || got == PUSH_REQUEST_HEAD)) {
        size_t piece = length < step ? length : step, taken;
        char *copy = unit_copy(text, piece);
        got = push_request_take(request, copy, piece, &taken);
        free(copy);
        text += taken;
        length -= taken;
        if (got == PUSH_REQUEST_WANTS) {
            assert_int_equal(taken, piece);
        }
    }
    *left = length;
    return got;
}

static const struct {
    const char *text;
    const char *method;
    const char *path;
    const char *query; /* NULL: none */
    const char *body;
    const char *left;
    int keeps_alive;
} good[] = {
    { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", NULL, "", "", 1 },
    { "\r\n\r\nGET /a?b=c?d HTTP/1.1\r\nHost: a\r\n\r\nGET", "GET", "/a", "b=c?d", "", "GET", 1 },
    { "GET /~a HTTP/1.1\r\nHost: ~a\r\n\r\n", "GET", "/~a", NULL, "", "", 1 },
    { "GET /? HTTP/1.1\r\nHost:a:1\r\n\r\n", "GET", "/", "", "", "", 1 },
    { "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET", "/", NULL, "", "", 0 },
    { "GET / HTTP/1.0\r\n\r\n", "GET", "/", NULL, "", "", 0 },
    { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", NULL, "", "", 1 },
    { "GET http://b:80/a?b HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/a", "b", "", "", 1 },
    { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", NULL, "", "", 1 },
    { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET", "POST", "/", NULL, "hello",
      "GET", 1 },
    { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nx", "POST", "/", NULL, "", "x", 1 },
    { "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\nGET",
      "POST", "/", NULL, "hello", "GET", 1 },
    { "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81", "GET",
      "/", NULL, "", "\x81", 1 },
    { "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
      "Content-Length: 2\r\n\r\nab!",
      "POST", "/", NULL, "ab", "!", 1 },
};

static void takes_requests(void **state)
{
    size_t i, step, left;

    (void)state;
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        size_t length = strlen(good[i].text);
        for (step = 1; step <= length; step++) {
            push_request *request = push_request_make(HEAD_SIZE);
            const flx_request *head = push_request_head(request);
            flx_slice body;
            if (read_request(request, good[i].text, length, step, &left) != PUSH_REQUEST_WHOLE) {
                fail_msg("case %zu by %zu: %d", i, step, push_request_status(request));
            }
            body = push_request_body(request);
            assert_int_equal(left, strlen(good[i].left));
            assert_int_equal(head->method.length, strlen(good[i].method));
            assert_memory_equal(head->method.at, good[i].method, head->method.length);
            assert_int_equal(head->path.length, strlen(good[i].path));
            assert_memory_equal(head->path.at, good[i].path, head->path.length);
            assert_int_equal(head->query.at != NULL, good[i].query != NULL);
            if (good[i].query != NULL) {
                assert_int_equal(head->query.length, strlen(good[i].query));
                assert_memory_equal(head->query.at, good[i].query, head->query.length);
            }
            assert_int_equal(body.length, strlen(good[i].body));
            assert_memory_equal(body.at, good[i].body, body.length);
            assert_int_equal(push_request_keeps_alive(request), good[i].keeps_alive);
            assert_true(push_request_is_whole(request));
            assert_null(flx_request_header(head, "x-trailer").at);
            if (strstr(good[i].text, "Transfer-Encoding") != NULL) {
                assert_int_equal(flx_request_header(head, "transfer-encoding").length, 7);
            }
            push_request_free(request);
        }
    }
}

static const struct {
    const char *text;
    int status;
} bad[] = {
    { "GET / HTTP/1.1\r\n\r\n", 400 },
    { GET "Host: a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\nHost: a\n\n", 400 },
    { GET "A: b\nC: d\r\n\r\n", 400 },
    { GET "A: b\rC\r\n\r\n", 400 },
    { GET "A: b\r\r\n\r\n", 400 },
    { GET "A: b\r\n c\r\n\r\n", 400 },
    { GET "A: b\r\n\tc\r\n\r\n", 400 },
    { GET " A: b\r\n\r\n", 400 },
    { GET "A : b\r\n\r\n", 400 },
    { GET "A\t: b\r\n\r\n", 400 },
    { GET "A\r\n\r\n", 400 },
    { GET ": b\r\n\r\n", 400 },
    { GET "A(: b\r\n\r\n", 400 },
    { GET "A: \x01\r\n\r\n", 400 },
    { GET "A: \x7F\r\n\r\n", 400 },
    { "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET /\r\n\r\n", 400 },
    { "FETCH / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
    { "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505 },
    { "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505 },
    { "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501 },
    { "\r\n\r\n\r\n" GET "\r\n", 400 },
    { GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400 },
    { GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400 },
    { GET "Content-Length: +5\r\n\r\n", 400 },
    { GET "Content-Length: -5\r\n\r\n", 400 },
    { GET "Content-Length: 5,5\r\n\r\n", 400 },
    { GET "Content-Length: 0x5\r\n\r\n", 400 },
    { GET "Content-Length:\r\n\r\n", 400 },
    { GET "Content-Length: 18446744073709551617\r\n\r\n", 400 },
    { GET "Content-Length: 1114113\r\n\r\n", 413 },
    { GET "Transfer-Encoding: gzip\r\n\r\n", 400 },
    { GET "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
    { GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n5\rXhello\r\n0\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n5 5\r\nhello\r\n0\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n;a\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n0\r\n\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: 1\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n0\r\nX\x01: 1\r\n\r\n", 400 },
    { GET "Transfer-Encoding: chunked\r\n\r\n0\r\n\rX", 400 },
};

static void refuses_requests(void **state)
{
    size_t i, step, left;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t length = strlen(bad[i].text);
        for (step = 1; step <= length; step += step == 1 ? 6 : length) {
            push_request *request = push_request_make(HEAD_SIZE);
            push_request_state got = read_request(request, bad[i].text, length, step, &left);
            if (got != PUSH_REQUEST_BAD || push_request_status(request) != bad[i].status) {
                fail_msg("case %zu by %zu: state %d, status %d", i, step, (int)got,
                         push_request_status(request));
            }
            assert_int_equal(push_request_take(request, "x", 1, &left), PUSH_REQUEST_BAD);
            push_request_free(request);
        }
    }
}

static void refuses_a_nul(void **state)
{
    static const char text[] = GET "A: b\0c\r\n\r\n";
    push_request *request = push_request_make(HEAD_SIZE);
    size_t left;

    (void)state;
    assert_int_equal(read_request(request, text, sizeof text - 1, 1000, &left), PUSH_REQUEST_BAD);
    assert_int_equal(push_request_status(request), 400);
    push_request_free(request);
}

/* The status of a head of so many bytes altogether (0: as many as it takes), and of so many headers. */
static int status_of(size_t bytes, int headers)
{
    push_request *request = push_request_make(HEAD_SIZE);
    push_request_state got;
    flx_buffer text;
    size_t left;
    int status, i;

    flx_buffer_init(&text, 100000);
    flx_buffer_add_text(&text, GET);
    for (i = 1; i < headers; i++) {
        flx_buffer_add_text(&text, "A: b\r\n");
    }
    if (bytes > 0) {
        flx_buffer_add_text(&text, "A: ");
        while (text.length < bytes - 4) {
            flx_buffer_add_text(&text, "a");
        }
        flx_buffer_add_text(&text, "\r\n");
    }
    flx_buffer_add_text(&text, "\r\n");
    got = read_request(request, text.at, text.length, 100, &left);
    status = push_request_status(request);
    assert_int_equal(got, status == 0 ? PUSH_REQUEST_WHOLE : PUSH_REQUEST_BAD);
    push_request_free(request);
    flx_buffer_free(&text);
    return status;
}

static void bounds_the_head(void **state)
{
    (void)state;
    assert_int_equal(status_of(HEAD_SIZE, 1), 0);
    assert_int_equal(status_of(HEAD_SIZE + 1, 1), 431);
    assert_int_equal(status_of((size_t)10 * HEAD_SIZE, 1), 431);
    assert_int_equal(status_of(0, FLX_REQUEST_HEADERS), 0);
    assert_int_equal(status_of(0, FLX_REQUEST_HEADERS + 1), 431);
}

static void bounds_the_body(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char chunk[] = "400\r\n";
    char bytes[0x400];
    push_request *request = push_request_make(HEAD_SIZE);
    size_t taken, chunks = 0;
    push_request_state got;

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(push_request_take(request, head, sizeof head - 1, &taken), PUSH_REQUEST_HEAD);
    do {
        got = push_request_take(request, chunk, sizeof chunk - 1, &taken);
        assert_int_equal(got, PUSH_REQUEST_WANTS);
        got = push_request_take(request, bytes, sizeof bytes, &taken);
        if (got == PUSH_REQUEST_WANTS) {
            chunks++;
            got = push_request_take(request, "\r\n", 2, &taken);
        }
    } while (got == PUSH_REQUEST_WANTS && chunks < 5000);
    assert_int_equal(got, PUSH_REQUEST_BAD);
    assert_int_equal(push_request_status(request), 413);
    assert_int_equal(chunks, PUSH_REQUEST_BODY / 0x400);
    push_request_free(request);
}

static void sees_who_waits(void **state)
{
    push_request *request = push_request_make(HEAD_SIZE);
    static const char head[] =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
    size_t taken;

    (void)state;
    assert_false(push_request_has_begun(request));
    assert_int_equal(push_request_take(request, "\r\n", 2, &taken), PUSH_REQUEST_WANTS);
    assert_false(push_request_has_begun(request));
    assert_int_equal(push_request_take(request, head, sizeof head - 1, &taken), PUSH_REQUEST_HEAD);
    assert_true(push_request_has_begun(request));
    assert_true(push_request_expects(request));
    assert_false(push_request_is_whole(request));
    push_request_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_requests),  cmocka_unit_test(refuses_requests),
        cmocka_unit_test(refuses_a_nul),   cmocka_unit_test(bounds_the_head),
        cmocka_unit_test(bounds_the_body), cmocka_unit_test(sees_who_waits),
    };

    return unit_run("request", tests, sizeof tests / sizeof tests[0]);
}
