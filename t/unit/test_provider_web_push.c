/* SPDX-License-Identifier: Apache-2.0 */
/* Web Push: what is asked of a vendor's service, what the browser reads of it, and what the answers mean. The clock is played here. */
/* With pushd: provider_web_push.c provider.c provider_answer.c vapid.c signer.c key_file.c web_push_cipher.c web_push_endpoint.c http_request.c notification.c notification_text.c */
#include "browser.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flx_json_scan.h"
#include "provider.h"
#include "tokens.h"

#define NOW      INT64_C(1750000000123)
#define ENDPOINT "https://push.example.org/p/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV"
#define ANY_TIME (-1)

flx_time push_tokens_now(void)
{
    return NOW;
}

typedef struct world {
    void *service;
    EVP_PKEY *browser;
    bytes point;
    bytes secret;
} world;

static const char *const hosts[] = { "push.example.org", "localhost:4100", NULL };

/* The state of a key that was written to a file, or NULL with why. */
static void *read_service(const char *subject, const char *curve, mode_t mode, char why[600])
{
    char path[] = "/tmp/flixim-web-push-XXXXXX";
    push_settings *settings = calloc(1, sizeof *settings);
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    EVP_PKEY *key = EVP_EC_gen(curve);
    void *service;

    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
    settings->web_push_key_file = path;
    settings->web_push_subject = subject;
    settings->web_push_hosts = hosts;
    why[0] = '\0';
    service = push_provider_web_push.read(settings, why, 600);
    free(settings); /* as a reload does */
    unlink(path);
    EVP_PKEY_free(key);
    return service;
}

static int set_up(void **state)
{
    static world in;
    char why[600];

    in.service = read_service("mailto:admin@example.org", "P-256", 0600, why);
    in.browser = EVP_EC_gen("P-256");
    EVP_PKEY_get_octet_string_param(in.browser, OSSL_PKEY_PARAM_PUB_KEY, in.point.at,
                                    sizeof in.point.at, &in.point.length);
    in.secret.length = 16;
    memset(in.secret.at, 9, 16);
    *state = &in;
    return in.service == NULL;
}

static int tear_down(void **state)
{
    world *in = *state;

    push_provider_web_push.free(in->service);
    EVP_PKEY_free(in->browser);
    return 0;
}

static push_notification example(const world *in)
{
    push_notification notification = {
        .id = "01900000-0000-7000-8000-000000000001",
        .device_id = "01900000-0000-7000-8000-000000000002",
        .user_id = "00000000-0000-4000-8000-000000000003",
        .message_id = "01900000-0000-7000-8000-000000000004",
        .sender_id = "00000000-0000-4000-8000-000000000005",
        .attempt = 1,
        .app_id = "",
        .token = ENDPOINT,
        .p256dh = { (const char *)in->point.at, in->point.length },
        .auth = { (const char *)in->secret.at, in->secret.length },
        .platform = "web",
        .locale = "zh-CN",
        .conversation_id = "c",
        .message_type = "private_message",
        .content_type = "text",
        .server_timestamp = NOW,
        .lifetime = 86400,
        .badge = 3,
        .title = "新消息",
        .text = "x",
        .collapse = "0123456789abcdefghijklmnopqrstuv",
    };

    return notification;
}

/* The header fields, a line each. */
static void lines_of(const push_http_request *request, char *lines)
{
    memcpy(lines, request->headers.at, request->headers.length);
    for (size_t i = 0; i < request->headers.length; i++) {
        if (lines[i] == '\0') {
            lines[i] = '\n';
        }
    }
    lines[request->headers.length] = '\0';
}

static void its_key_is_looked_at(void **state)
{
    static const push_settings without = { .web_push_key_file = "",
                                           .web_push_subject = "",
                                           .web_push_hosts = hosts };
    static const char *const bad[] = { "mailto:\xff", "mailto:a@b ", "mailto:<a@b>",
                                       "mailto:\"a\"@b" };
    char why[600] = "", longer[600] = "mailto:";

    (void)state;
    assert_null(push_provider_web_push.read(&without, why, sizeof why));
    assert_string_equal(why, "");
    assert_null(read_service("mailto:a@b", "P-384", 0600, why));
    assert_non_null(strstr(why, "web_push_key_file \"/tmp/flixim-web-push-"));
    assert_non_null(strstr(why, "\": holds no key of the curve P-256"));
    assert_null(read_service("mailto:a@b", "P-256", 0640 | 0004, why));
    assert_non_null(strstr(why, "\": has a mode that lets others read"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(read_service(bad[i], "P-256", 0600, why));
        assert_string_equal(why, "web_push_subject is no URL of at most 500 bytes");
    }
    memset(longer + 7, 'a', 494);
    assert_null(read_service(longer, "P-256", 0600, why));
    assert_string_equal(why, "web_push_subject is no URL of at most 500 bytes");
    push_provider_web_push.free(NULL);
}

static void a_request_is_what_rfc_8030_says(void **state)
{
    world *in = *state;
    static const struct {
        const char *message_type;
        int64_t lifetime;
        const char *lines; /* behind the first two */
    } cases[] = {
        { "private_message", 86400,
          "Content-Encoding: aes128gcm\nTTL: 86400\nUrgency: high\n"
          "Topic: 0123456789abcdefghijklmnopqrstuv\n" },
        { "interaction", 0,
          "Content-Encoding: aes128gcm\nTTL: 0\nUrgency: normal\n"
          "Topic: 0123456789abcdefghijklmnopqrstuv\n" },
        { "system_announcement", 2419200,
          "Content-Encoding: aes128gcm\nTTL: 2419200\nUrgency: normal\n"
          "Topic: 0123456789abcdefghijklmnopqrstuv\n" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        push_notification notification = example(in);
        push_http_request request;
        push_verdict verdict;
        char lines[4096], expected[200], *rest;

        notification.message_type = cases[i].message_type;
        notification.lifetime = cases[i].lifetime;
        push_http_request_init(&request);
        assert_int_equal(
            push_provider_web_push.build(in->service, &notification, &request, &verdict), 0);
        assert_int_equal(request.url.length, strlen(ENDPOINT));
        assert_memory_equal(request.url.at, ENDPOINT, strlen(ENDPOINT));
        lines_of(&request, lines);
        assert_int_equal(strncmp(lines, "Authorization: vapid t=ey", 25), 0);
        rest = strchr(lines, '\n');
        *rest++ = '\0';
        snprintf(expected, sizeof expected, ", k=%s",
                 push_provider_web_push.public_key(in->service));
        assert_string_equal(strstr(lines, ", k="), expected);
        assert_int_equal(strncmp(rest, "Content-Type: application/octet-stream\n", 39), 0);
        assert_string_equal(rest + 39, cases[i].lines);
        push_http_request_free(&request);
    }
}

static void the_browser_reads_the_data(void **state)
{
    world *in = *state;
    static const struct {
        size_t length; /* of the text, which is made of three bytes each */
        const char *what;
    } cases[] = { { 0, "no text" }, { 3, "a short one" }, { 600, "a long one" } };
    static const char character[] = "\xe6\x96\x87";
    size_t short_length = 0;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        push_notification notification = example(in);
        push_http_request request;
        push_verdict verdict;
        char text[700];
        size_t whole;
        flx_buffer expected;
        bytes got;

        for (size_t n = 0; n < cases[i].length; n++) {
            text[n] = character[n % 3];
        }
        text[cases[i].length] = '\0';
        notification.text = cases[i].length > 0 ? text : NULL;
        push_http_request_init(&request);
        assert_int_equal(
            push_provider_web_push.build(in->service, &notification, &request, &verdict), 0);
        whole = browser_opens(in->browser, &in->point, &in->secret, &request.body, &got);
        flx_buffer_init(&expected, 8192);
        push_notification_add_data(&notification, &expected);
        assert_int_equal(got.length, expected.length);
        assert_memory_equal(got.at, expected.at, got.length);
        assert_int_equal(whole % 256, 0);
        /* A short text looks like none. */
        if (i < 2) {
            assert_true(short_length == 0 || whole == short_length);
            short_length = whole;
        }
        flx_buffer_free(&expected);
        push_http_request_free(&request);
    }
}

/* Texts are short before they come here; this is for what may become of that. */
static void a_text_is_cut_to_fit(void **state)
{
    world *in = *state;
    static const char *const units[] = { "x", "\xe6\x96\x87", "\"", "\xf0\x9f\x98\x80" };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        push_notification notification = example(in);
        push_http_request request;
        push_verdict verdict;
        char text[4001];
        size_t unit = strlen(units[i]);
        bytes got;

        for (size_t n = 0; n < 4000; n += unit) {
            memcpy(text + n, units[i], unit <= 4000 - n ? unit : 0);
            text[n + unit <= 4000 ? n + unit : n] = '\0';
        }
        notification.text = text;
        push_http_request_init(&request);
        assert_int_equal(
            push_provider_web_push.build(in->service, &notification, &request, &verdict), 0);
        browser_opens(in->browser, &in->point, &in->secret, &request.body, &got);
        assert_true(got.length <= 3000);
        assert_true(got.length > 2990);
        assert_int_equal(flx_json_scan((char *)got.at, got.length, NULL, NULL, NULL),
                         FLX_JSON_FINE);
        push_http_request_free(&request);
    }
}

static void some_pushes_cannot_be_made(void **state)
{
    world *in = *state;
    char *longer = malloc(9001), *conversation = malloc(3001);
    const struct {
        const char *token;
        const char *conversation_id;
        size_t point, secret; /* lengths */
        push_verdict_result result;
        const char *reason;
    } cases[] = {
        { "http://push.example.org/p", "c", 65, 16, PUSH_VERDICT_GONE,
          "endpoint is no https: URL" },
        { "nonsense", "c", 65, 16, PUSH_VERDICT_GONE, "endpoint is no https: URL" },
        { "https://push.example.org:444/p", "c", 65, 16, PUSH_VERDICT_GONE, "host not allowed" },
        { "https://127.0.0.1/p", "c", 65, 16, PUSH_VERDICT_GONE, "host not allowed" },
        { ENDPOINT, "c", 64, 16, PUSH_VERDICT_GONE, "the subscription's keys are none" },
        { ENDPOINT, "c", 65, 15, PUSH_VERDICT_GONE, "the subscription's keys are none" },
        { ENDPOINT, conversation, 65, 16, PUSH_VERDICT_DEAD, "too long for Web Push" },
        { longer, "c", 65, 16, PUSH_VERDICT_DEAD, "too long for a request" },
    };

    memset(longer, 'a', 9000);
    memcpy(longer, ENDPOINT, strlen(ENDPOINT));
    longer[9000] = '\0';
    memset(conversation, 'c', 3000);
    conversation[3000] = '\0';
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        push_notification notification = example(in);
        push_http_request request;
        push_verdict verdict;

        notification.token = cases[i].token;
        notification.conversation_id = cases[i].conversation_id;
        notification.p256dh.length = cases[i].point;
        notification.auth.length = cases[i].secret;
        push_http_request_init(&request);
        assert_int_equal(
            push_provider_web_push.build(in->service, &notification, &request, &verdict), -1);
        assert_int_equal(verdict.result, cases[i].result);
        assert_string_equal(verdict.reason, cases[i].reason);
        push_http_request_free(&request);
    }
    free(longer);
    free(conversation);
}

typedef struct answer_case {
    int64_t status;
    int64_t retry_after;
    const char *body;
    int64_t result;
    int64_t delay;
    const char *reason;
} answer_case;

static const answer_case answers[] = {
    { 200, ANY_TIME, "", PUSH_VERDICT_SENT, -1, "" },
    { 201, ANY_TIME, "", PUSH_VERDICT_SENT, -1, "" },
    { 201, 7000, "{\"reason\":\"Fine\"}", PUSH_VERDICT_SENT, -1, "" },
    { 202, ANY_TIME, "", PUSH_VERDICT_SENT, -1, "" },
    { 307, ANY_TIME, "", PUSH_VERDICT_DEAD, -1, "HTTP 307" },
    { 400, ANY_TIME, "", PUSH_VERDICT_DEAD, -1, "HTTP 400" },
    { 400, ANY_TIME, "{\"reason\":\"VapidPkHashMismatch\"}", PUSH_VERDICT_DEAD, -1,
      "HTTP 400 VapidPkHashMismatch" },
    { 400, ANY_TIME, "{\"reason\":\"two words\"}", PUSH_VERDICT_DEAD, -1, "HTTP 400" },
    { 400, ANY_TIME, "{\"reason\":\"\"}", PUSH_VERDICT_DEAD, -1, "HTTP 400" },
    { 400, ANY_TIME, "{\"reason\":7}", PUSH_VERDICT_DEAD, -1, "HTTP 400" },
    { 400, ANY_TIME, "{\"reason\":\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw\"}",
      PUSH_VERDICT_DEAD, -1, "HTTP 400" },
    { 400, ANY_TIME, "<html>", PUSH_VERDICT_DEAD, -1, "HTTP 400" },
    { 401, ANY_TIME, "", PUSH_VERDICT_RETRY, -1, "HTTP 401" },
    { 403, ANY_TIME, "{\"reason\":\"ExpiredJwtToken\"}", PUSH_VERDICT_RETRY, -1,
      "HTTP 403 ExpiredJwtToken" },
    { 403, 60000, "", PUSH_VERDICT_RETRY, 60000, "HTTP 403" },
    { 404, ANY_TIME, "", PUSH_VERDICT_GONE, -1, "HTTP 404" },
    { 410, ANY_TIME, "{\"reason\":\"Unregistered\"}", PUSH_VERDICT_GONE, -1,
      "HTTP 410 Unregistered" },
    { 413, ANY_TIME, "", PUSH_VERDICT_DEAD, -1, "HTTP 413" },
    { 429, 30000, "", PUSH_VERDICT_RETRY, 30000, "HTTP 429" },
    { 429, ANY_TIME, "", PUSH_VERDICT_RETRY, -1, "HTTP 429" },
    { 500, ANY_TIME, "", PUSH_VERDICT_RETRY, -1, "HTTP 500" },
    { 503, 5000, "", PUSH_VERDICT_RETRY, 5000, "HTTP 503" },
};

static void answers_have_their_verdicts(void **state)
{
    world *in = *state;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char *body = unit_copy(answers[i].body, strlen(answers[i].body));
        push_http_answer answer = { (int)answers[i].status, "", body, strlen(answers[i].body),
                                    answers[i].retry_after };
        push_verdict verdict;

        push_provider_web_push.judge(in->service, &answer, &verdict);
        assert_int_equal(verdict.result, answers[i].result);
        assert_string_equal(verdict.reason, answers[i].reason);
        assert_int_equal(verdict.delay, answers[i].delay);
        free(body);
    }
}

static void authorization_of(world *in, char text[1000])
{
    push_notification notification = example(in);
    push_http_request request;
    push_verdict verdict;

    push_http_request_init(&request);
    assert_int_equal(push_provider_web_push.build(in->service, &notification, &request, &verdict),
                     0);
    snprintf(text, 1000, "%s", request.headers.at);
    push_http_request_free(&request);
}

static void a_token_is_kept_until_it_is_refused(void **state)
{
    world *in = *state;
    push_http_answer answer = { .status = 201, .why = "", .body = "", .retry_after = -1 };
    push_verdict verdict;
    char first[1000], second[1000];

    authorization_of(in, first);
    for (size_t i = 0; i < 2; i++) {
        answer.status = i == 0 ? 201 : 500;
        push_provider_web_push.judge(in->service, &answer, &verdict);
        authorization_of(in, second);
        assert_string_equal(first, second);
    }
    for (size_t i = 0; i < 2; i++) {
        answer.status = i == 0 ? 401 : 403;
        push_provider_web_push.judge(in->service, &answer, &verdict);
        authorization_of(in, second);
        assert_string_not_equal(first, second);
        memcpy(first, second, sizeof first);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_key_is_looked_at),
        cmocka_unit_test(a_request_is_what_rfc_8030_says),
        cmocka_unit_test(the_browser_reads_the_data),
        cmocka_unit_test(a_text_is_cut_to_fit),
        cmocka_unit_test(some_pushes_cannot_be_made),
        cmocka_unit_test(answers_have_their_verdicts),
        cmocka_unit_test(a_token_is_kept_until_it_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("provider_web_push", tests, set_up, tear_down);
}
