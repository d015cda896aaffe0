/* SPDX-License-Identifier: Apache-2.0 */
/* What providers' answers mean, and the webhook: what it asks for, byte by byte. The clock is played here. */
/* With pushd: provider.c provider_webhook.c http_request.c key_file.c notification.c notification_text.c */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "provider.h"
#include "tokens.h"

#define NOW      INT64_C(1750000000123)
#define SECRET   "0123456789abcdef0123456789abcdef"

#define ANY_TIME (-1)

flx_time push_tokens_now(void)
{
    return NOW;
}

/* -- Verdicts ---------------------------------------------------------------------------------------- */

typedef struct status_case {
    int status;
    int64_t retry_after;
    push_verdict_result common;
    push_verdict_result webhook;
    int64_t delay;
    const char *reason;
} status_case;

static const status_case statuses[] = {
    { 200, ANY_TIME, PUSH_VERDICT_SENT, PUSH_VERDICT_SENT, -1, "" },
    { 201, ANY_TIME, PUSH_VERDICT_SENT, PUSH_VERDICT_SENT, -1, "" },
    { 202, 5000, PUSH_VERDICT_SENT, PUSH_VERDICT_SENT, -1, "" },
    { 204, ANY_TIME, PUSH_VERDICT_SENT, PUSH_VERDICT_SENT, -1, "" },
    { 299, ANY_TIME, PUSH_VERDICT_SENT, PUSH_VERDICT_SENT, -1, "" },
    { 301, ANY_TIME, PUSH_VERDICT_DEAD, PUSH_VERDICT_RETRY, -1, "HTTP 301" },
    { 400, 5000, PUSH_VERDICT_DEAD, PUSH_VERDICT_DEAD, -1, "HTTP 400" },
    { 401, ANY_TIME, PUSH_VERDICT_DEAD, PUSH_VERDICT_RETRY, -1, "HTTP 401" },
    { 403, ANY_TIME, PUSH_VERDICT_DEAD, PUSH_VERDICT_RETRY, -1, "HTTP 403" },
    { 404, ANY_TIME, PUSH_VERDICT_GONE, PUSH_VERDICT_RETRY, -1, "HTTP 404" },
    { 408, ANY_TIME, PUSH_VERDICT_RETRY, PUSH_VERDICT_RETRY, -1, "HTTP 408" },
    { 410, ANY_TIME, PUSH_VERDICT_GONE, PUSH_VERDICT_GONE, -1, "HTTP 410" },
    { 413, ANY_TIME, PUSH_VERDICT_DEAD, PUSH_VERDICT_DEAD, -1, "HTTP 413" },
    { 429, 5000, PUSH_VERDICT_RETRY, PUSH_VERDICT_RETRY, 5000, "HTTP 429" },
    { 429, ANY_TIME, PUSH_VERDICT_RETRY, PUSH_VERDICT_RETRY, -1, "HTTP 429" },
    { 500, ANY_TIME, PUSH_VERDICT_RETRY, PUSH_VERDICT_RETRY, -1, "HTTP 500" },
    { 503, 7000, PUSH_VERDICT_RETRY, PUSH_VERDICT_RETRY, 7000, "HTTP 503" },
    { 599, ANY_TIME, PUSH_VERDICT_RETRY, PUSH_VERDICT_RETRY, -1, "HTTP 599" },
    { 600, ANY_TIME, PUSH_VERDICT_DEAD, PUSH_VERDICT_DEAD, -1, "HTTP 600" },
    { 0, ANY_TIME, PUSH_VERDICT_RETRY, PUSH_VERDICT_RETRY, -1, "nobody there" },
};

static void each_status_has_its_verdict(void **state)
{
    push_http_answer answer = { .why = "nobody there", .body = "" };
    push_verdict verdict;

    (void)state;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const status_case *this = &statuses[i];

        answer.status = this->status;
        answer.retry_after = this->retry_after;
        push_verdict_by_status(&verdict, &answer);
        assert_int_equal(verdict.result, this->common);
        assert_string_equal(verdict.reason, this->reason);
        if (this->common == PUSH_VERDICT_RETRY) {
            assert_int_equal(verdict.delay, this->delay);
        }
        push_provider_webhook.judge(NULL, &answer, &verdict);
        assert_int_equal(verdict.result, this->webhook);
        assert_string_equal(verdict.reason, this->reason);
        assert_int_equal(verdict.delay, this->delay);
    }
}

static void a_reason_is_cut(void **state)
{
    char reason[2 * PUSH_REASON];
    push_verdict verdict;

    (void)state;
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    push_verdict_set(&verdict, PUSH_VERDICT_DEAD, reason);
    assert_int_equal(verdict.result, PUSH_VERDICT_DEAD);
    assert_int_equal(verdict.delay, -1);
    assert_int_equal(strlen(verdict.reason), PUSH_REASON - 1);
}

/* -- The webhook ------------------------------------------------------------------------------------- */

/* A file with a secret, and the state that was read from it; or NULL with why. */
static void *read_webhook(const char *url, const char *secret, mode_t mode, char *why, size_t size)
{
    char path[] = "/tmp/flixim-webhook-XXXXXX";
    int fd = mkstemp(path);
    static push_settings settings;
    void *hook;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, secret, strlen(secret)), (ssize_t)strlen(secret));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    why[0] = '\0';
    settings.webhook_url = url;
    settings.webhook_key_file = path;
    hook = push_provider_webhook.read(&settings, why, size);
    unlink(path);
    return hook;
}

static void its_key_is_looked_at(void **state)
{
    char why[600];
    void *hook;

    (void)state;
    assert_null(read_webhook("", SECRET, 0600, why, sizeof why));
    assert_string_equal(why, "");
    assert_null(read_webhook("http://127.0.0.1:1/", "short", 0600, why, sizeof why));
    assert_non_null(strstr(why, "webhook_key_file \"/tmp/flixim-webhook-"));
    assert_non_null(strstr(why, "has fewer than 32 bytes"));
    assert_null(read_webhook("http://127.0.0.1:1/", SECRET, 0604, why, sizeof why));
    assert_non_null(strstr(why, "has a mode that lets others"));
    /* a line end is no part of it */
    assert_null(read_webhook("http://127.0.0.1:1/", "0123456789abcdef0123456789abcde\r\n", 0600,
                             why, sizeof why));
    assert_non_null(strstr(why, "has fewer than 32 bytes"));
    hook = read_webhook("http://127.0.0.1:1/", SECRET "\n", 0600, why, sizeof why);
    assert_non_null(hook);
    push_provider_webhook.free(hook);
}

static push_notification example(void)
{
    push_notification notification = {
        .id = "01900000-0000-7000-8000-000000000001",
        .device_id = "01900000-0000-7000-8000-000000000002",
        .user_id = "00000000-0000-4000-8000-000000000003",
        .message_id = "01900000-0000-7000-8000-000000000004",
        .sender_id = "00000000-0000-4000-8000-000000000005",
        .attempt = 2,
        .app_id = "org.example",
        .token = "a \"token\"",
        .platform = "android",
        .locale = "zh-CN",
        .conversation_id = "c",
        .message_type = "private_message",
        .content_type = "text",
        .server_timestamp = NOW,
        .lifetime = 60,
        .badge = 3,
        .title = "t",
        .text = "x",
        .collapse = "collapse",
    };

    return notification;
}

#define BODY_HEAD                                                                                  \
    "{\"id\":\"01900000-0000-7000-8000-000000000001\",\"attempt\":2,"                              \
    "\"device\":{\"id\":\"01900000-0000-7000-8000-000000000002\","                                 \
    "\"user_id\":\"00000000-0000-4000-8000-000000000003\",\"app_id\":\"org.example\","             \
    "\"token\":\"a \\\"token\\\"\",\"platform\":\"android\",\"locale\":\"zh-CN\"},"                \
    "\"notification\":"

static void a_request_is_signed(void **state)
{
    static const char headers[] = "Content-Type: application/json\0"
                                  "Idempotency-Key: 01900000-0000-7000-8000-000000000001\0"
                                  "Flixim-Timestamp: 1750000000\0"
                                  "Flixim-Signature: v1=";
    push_notification notification = example();
    push_http_request request;
    push_verdict verdict;
    char why[600];
    void *hook = read_webhook("http://127.0.0.1:1/hook", SECRET "\n", 0600, why, sizeof why);
    flx_buffer body;

    (void)state;
    push_http_request_init(&request);
    assert_int_equal(push_provider_webhook.build(hook, &notification, &request, &verdict), 0);
    assert_int_equal(request.url.length, strlen("http://127.0.0.1:1/hook"));
    assert_memory_equal(request.url.at, "http://127.0.0.1:1/hook", request.url.length);
    flx_buffer_init(&body, 4096);
    flx_buffer_add_text(&body, BODY_HEAD);
    push_notification_add_data(&notification, &body);
    flx_buffer_add_text(&body, "}");
    assert_int_equal(request.body.length, body.length);
    assert_memory_equal(request.body.at, body.at, body.length);
    assert_int_equal(request.headers.length, sizeof headers - 1 + 64 + 1);
    assert_memory_equal(request.headers.at, headers, sizeof headers - 1);
    /* printf %s 1750000000.BODY | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef */
    assert_string_equal(request.headers.at + sizeof headers - 1,
                        "ed1b7e7e64d62a317bea28e15e73a5118e5af677e61a443a2be9b5233b4227c9");
    flx_buffer_free(&body);
    push_http_request_free(&request);
    push_provider_webhook.free(hook);
}

static void what_is_too_long_is_dead(void **state)
{
    push_notification notification = example();
    char *token = malloc(PUSH_HTTP_BODY + 1), why[600];
    push_http_request request;
    push_verdict verdict;
    void *hook = read_webhook("http://127.0.0.1:1/hook", SECRET, 0600, why, sizeof why);

    (void)state;
    memset(token, 'x', PUSH_HTTP_BODY);
    token[PUSH_HTTP_BODY] = '\0';
    notification.token = token;
    push_http_request_init(&request);
    assert_int_equal(push_provider_webhook.build(hook, &notification, &request, &verdict), -1);
    assert_int_equal(verdict.result, PUSH_VERDICT_DEAD);
    assert_string_equal(verdict.reason, "too long for a request");
    push_http_request_free(&request);
    push_provider_webhook.free(hook);
    free(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_verdict), cmocka_unit_test(a_reason_is_cut),
        cmocka_unit_test(its_key_is_looked_at),        cmocka_unit_test(a_request_is_signed),
        cmocka_unit_test(what_is_too_long_is_dead),
    };

    return unit_run("provider", tests, sizeof tests / sizeof *tests);
}
