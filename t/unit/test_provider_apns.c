/* SPDX-License-Identifier: Apache-2.0 */
/* APNs: the requests to the byte, the site's token over time, and what each answer means. The signer is played here. */
/* With pushd: provider_apns.c provider_answer.c provider.c http_request.c notification.c notification_text.c */
#include "unit.h"

#include "http_played.h"
#include "flx_json_scan.h"
#include "provider.h"
#include "signer.h"

#define MINUTE INT64_C(60000)

static const char *wrong_key; /* NULL: the key is fine */
static int is_signing = 1;

push_signer *push_signer_from_file(const char *path, push_signer_kind kind, char *why, size_t size)
{
    assert_string_equal(path, "/etc/apns.p8");
    assert_int_equal(kind, PUSH_SIGNER_ES256);
    if (wrong_key != NULL) {
        snprintf(why, size, "%s", wrong_key);
        return NULL;
    }
    return malloc(1);
}

void push_signer_free(push_signer *signer)
{
    free(signer);
}

/* The token is what it says. */
char *push_signer_sign(const push_signer *signer, const char *kid, const char *claims)
{
    char *token = malloc(1000);

    assert_non_null(signer);
    snprintf(token, 1000, "%s:%s", kid, claims);
    if (!is_signing) {
        free(token);
        token = NULL;
    }
    return token;
}

static push_settings settings = {
    .apns_key_file = "/etc/apns.p8",
    .apns_key_id = "KEYKEYKEY1",
    .apns_team_id = "TEAMTEAM12",
    .apns_topic = "org.example.app",
    .apns_url = "https://api.push.apple.com",
};

static void *open_provider(void)
{
    char why[200];
    void *it = push_provider_apns.read(&settings, why, sizeof why);

    played.now = PLAYED_NOW;
    assert_non_null(it);
    assert_string_equal(why, "");
    return it;
}

/* Builds, and keeps the request as played does. */
static void build(void *it, const push_notification *notification)
{
    push_http_request request;
    push_verdict verdict;

    push_http_request_init(&request);
    assert_int_equal(push_provider_apns.build(it, notification, &request, &verdict), 0);
    played_keep(&request);
    push_http_request_free(&request);
    assert_int_equal(flx_json_scan(played.body, strlen(played.body), NULL, NULL, NULL),
                     FLX_JSON_FINE);
}

static void assert_refused(void *it, const push_notification *notification,
                           push_verdict_result result, const char *reason)
{
    push_http_request request;
    push_verdict verdict;

    push_http_request_init(&request);
    assert_int_equal(push_provider_apns.build(it, notification, &request, &verdict), -1);
    assert_int_equal(verdict.result, result);
    assert_string_equal(verdict.reason, reason);
    push_http_request_free(&request);
}

static void is_configured_by_its_key(void **state)
{
    push_settings none = settings;
    char why[200] = "x";

    (void)state;
    none.apns_key_file = "";
    assert_null(push_provider_apns.read(&none, why, sizeof why));
    assert_string_equal(why, "");
    wrong_key = "holds no private key";
    assert_null(push_provider_apns.read(&settings, why, sizeof why));
    assert_string_equal(why, "apns_key_file \"/etc/apns.p8\": holds no private key");
    wrong_key = NULL;
    assert_null(push_provider_apns.prepare);
    assert_null(push_provider_apns.public_key);
    assert_string_equal(push_provider_apns.name, "apns");
}

static void asks_as_apple_wants_it(void **state)
{
    void *it = open_provider();

    (void)state;
    build(it, &played_notification);
    assert_string_equal(played.url, "https://api.push.apple.com/3/device/0123abcd");
    assert_string_equal(
        played.headers,
        "authorization: bearer KEYKEYKEY1:{\"iss\":\"TEAMTEAM12\",\"iat\":1750000000}\n"
        "content-type: application/json\n"
        "apns-push-type: alert\n"
        "apns-topic: org.example.app\n"
        "apns-id: 01010101-0101-0101-0101-010101010101\n"
        "apns-collapse-id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        "apns-expiration: 1750003600\n"
        "apns-priority: 10\n");
    assert_string_equal(played.body,
                        "{\"aps\":{\"alert\":{\"title\":\"新消息\",\"body\":\"a \\\"b\\\"\"},"
                        "\"badge\":7,\"sound\":\"default\",\"mutable-content\":1,\"thread-id\":"
                        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}," PLAYED_DATA_START
                        "\"message_type\":\"private_message\"," PLAYED_DATA_MIDDLE
                        "\"badge\":7,\"collapse\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");
    push_provider_apns.free(it);
}

static void goes_by_what_the_notification_is(void **state)
{
    push_notification other = played_notification;
    void *it = open_provider();

    (void)state;
    other.app_id = "org.example.other-app";
    other.message_type = "interaction";
    other.lifetime = 0;
    other.text = NULL;
    build(it, &other);
    assert_non_null(strstr(played.headers, "apns-topic: org.example.other-app\n"));
    assert_non_null(strstr(played.headers, "apns-priority: 5\n"));
    assert_non_null(strstr(played.headers, "apns-expiration: 1750000000\n"));
    assert_non_null(strstr(played.body, "{\"aps\":{\"alert\":{\"title\":\"新消息\"},\"badge\""));
    assert_null(strstr(played.body, "\"text\":"));
    push_provider_apns.free(it);
}

static void takes_no_slash_too_many(void **state)
{
    void *it;

    (void)state;
    settings.apns_url = "https://api.push.apple.com/";
    it = open_provider();
    build(it, &played_notification);
    assert_string_equal(played.url, "https://api.push.apple.com/3/device/0123abcd");
    settings.apns_url = "https://api.push.apple.com";
    push_provider_apns.free(it);
}

static void refuses_what_no_header_can_hold(void **state)
{
    static const struct {
        const char *app_id;
        const char *token;
        push_verdict_result result;
        const char *reason;
    } cases[] = {
        { "", "0123", PUSH_VERDICT_DEAD, "neither app_id nor apns_topic" },
        { "a\r\nx: y", "0123", PUSH_VERDICT_GONE, "app_id is no topic" },
        { "a b", "0123", PUSH_VERDICT_GONE, "app_id is no topic" },
        { "应用", "0123", PUSH_VERDICT_GONE, "app_id is no topic" },
        { "a", "", PUSH_VERDICT_GONE, "not a token of APNs" },
        { "a", "../../x", PUSH_VERDICT_GONE, "not a token of APNs" },
        { "a", "..", PUSH_VERDICT_GONE, "not a token of APNs" },
        { "a", "0123?x", PUSH_VERDICT_GONE, "not a token of APNs" },
        { "a", "0123\n", PUSH_VERDICT_GONE, "not a token of APNs" },
    };
    push_notification hostile = played_notification;
    char *long_token = calloc(1, 514);
    void *it;
    size_t i;

    (void)state;
    settings.apns_topic = "";
    it = open_provider();
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hostile.app_id = cases[i].app_id;
        hostile.token = cases[i].token;
        assert_refused(it, &hostile, cases[i].result, cases[i].reason);
    }
    hostile.token = memset(long_token, 'a', 513);
    assert_refused(it, &hostile, PUSH_VERDICT_GONE, "not a token of APNs");
    settings.apns_topic = "org.example.app";
    free(long_token);
    push_provider_apns.free(it);
}

static void cuts_the_text_so_that_it_fits(void **state)
{
    push_notification large = played_notification;
    char *text = calloc(1, 6001);
    void *it = open_provider();
    size_t i;

    (void)state;
    for (i = 0; i < 2000; i++) {
        memcpy(text + 3 * i, "你", 4);
    }
    large.text = text;
    build(it, &large);
    assert_true(strlen(played.body) <= 4096);
    assert_true(strlen(played.body) > 2048);
    large.conversation_id = text;
    assert_refused(it, &large, PUSH_VERDICT_DEAD, "more than 4096 bytes");
    free(text);
    push_provider_apns.free(it);
}

/* Builds, and says when the token that it was built with was made (s). */
static long long token_of(void *it, flx_time now)
{
    played.now = now;
    build(it, &played_notification);
    return strtoll(strstr(played.headers, "\"iat\":") + 6, NULL, 10) * 1000;
}

static void judge(void *it, int status, const char *body, int64_t retry_after,
                  push_verdict *verdict)
{
    char *copy = unit_copy(body, strlen(body));
    push_http_answer answer = { status, "timeout", copy, strlen(body), retry_after };

    memset(verdict, 0, sizeof *verdict);
    push_provider_apns.judge(it, &answer, verdict);
    free(copy);
}

static void renews_its_token_within_the_hour(void **state)
{
    void *it = open_provider();
    const flx_time start = PLAYED_NOW;

    (void)state;
    assert_true(token_of(it, start) == start);
    assert_true(token_of(it, start + 21 * MINUTE) == start);
    assert_true(token_of(it, start + 50 * MINUTE - 1) == start);
    assert_true(token_of(it, start + 50 * MINUTE) == start + 50 * MINUTE);
    assert_true(token_of(it, start + 99 * MINUTE) == start + 50 * MINUTE);
    /* A clock that was put back. */
    assert_true(token_of(it, start) == start);
    is_signing = 0;
    played.now = start + 51 * MINUTE;
    assert_refused(it, &played_notification, PUSH_VERDICT_RELEASED, "no token could be signed");
    is_signing = 1;
    assert_true(token_of(it, start + 52 * MINUTE) == start + 52 * MINUTE);
    push_provider_apns.free(it);
}

static void renews_a_token_that_was_refused(void **state)
{
    static const char *const words[] = { "ExpiredProviderToken", "InvalidProviderToken",
                                         "MissingProviderToken" };
    const flx_time start = PLAYED_NOW;
    push_verdict verdict;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        void *it = open_provider();
        char body[100];

        snprintf(body, sizeof body, "{\"reason\":\"%s\"}", words[i]);
        assert_true(token_of(it, start) == start);
        played.now = start + 5000;
        judge(it, 403, body, -1, &verdict);
        assert_int_equal(verdict.result, PUSH_VERDICT_RETRY);
        assert_true(token_of(it, start + 5000) == start + 5000);
        /* Answers to what was sent with the old one. */
        judge(it, 403, body, -1, &verdict);
        assert_true(token_of(it, start + 6000) == start + 5000);
        played.now = start + 5000 + MINUTE - 1;
        judge(it, 403, body, -1, &verdict);
        assert_true(token_of(it, start + 5000 + MINUTE - 1) == start + 5000);
        played.now = start + 5000 + MINUTE;
        judge(it, 403, body, -1, &verdict);
        assert_true(token_of(it, start + 6000 + MINUTE) == start + 6000 + MINUTE);
        push_provider_apns.free(it);
    }
}

static const struct {
    int status;
    push_verdict_result result;
    const char *body;
    int64_t retry_after;
    int64_t delay;
    const char *reason;
} answers[] = {
    { 200, PUSH_VERDICT_SENT, "", -1, -1, "" },
    { 400, PUSH_VERDICT_GONE, "{\"reason\":\"BadDeviceToken\"}", -1, -1,
      "HTTP 400 BadDeviceToken" },
    { 400, PUSH_VERDICT_GONE, "{\"reason\":\"DeviceTokenNotForTopic\"}", -1, -1,
      "HTTP 400 DeviceTokenNotForTopic" },
    { 400, PUSH_VERDICT_DEAD, "{\"reason\":\"BadTopic\"}", -1, -1, "HTTP 400 BadTopic" },
    { 400, PUSH_VERDICT_DEAD, "{\"reason\":\"TopicDisallowed\"}", -1, -1,
      "HTTP 400 TopicDisallowed" },
    { 400, PUSH_VERDICT_RETRY, "{\"reason\":\"IdleTimeout\"}", -1, -1, "HTTP 400 IdleTimeout" },
    { 400, PUSH_VERDICT_DEAD, "", -1, -1, "HTTP 400" },
    { 403, PUSH_VERDICT_RETRY, "{\"reason\":\"ExpiredProviderToken\"}", -1, -1,
      "HTTP 403 ExpiredProviderToken" },
    { 403, PUSH_VERDICT_DEAD, "{\"reason\":\"Forbidden\"}", -1, -1, "HTTP 403 Forbidden" },
    { 403, PUSH_VERDICT_RETRY, "{\"reason\":\"BadEnvironmentKeyInToken\"}", -1, 60000,
      "HTTP 403 BadEnvironmentKeyInToken" },
    { 403, PUSH_VERDICT_RETRY, "<html>", 120000, 120000, "HTTP 403" },
    { 404, PUSH_VERDICT_DEAD, "{\"reason\":\"BadPath\"}", -1, -1, "HTTP 404 BadPath" },
    { 405, PUSH_VERDICT_DEAD, "{\"reason\":\"MethodNotAllowed\"}", -1, -1,
      "HTTP 405 MethodNotAllowed" },
    { 410, PUSH_VERDICT_GONE, "{\"reason\":\"Unregistered\",\"timestamp\":1}", -1, -1,
      "HTTP 410 Unregistered" },
    { 410, PUSH_VERDICT_GONE, "{\"reason\":\"ExpiredToken\"}", -1, -1, "HTTP 410 ExpiredToken" },
    { 410, PUSH_VERDICT_GONE, "", -1, -1, "HTTP 410" },
    { 413, PUSH_VERDICT_DEAD, "{\"reason\":\"PayloadTooLarge\"}", -1, -1,
      "HTTP 413 PayloadTooLarge" },
    { 429, PUSH_VERDICT_RETRY, "{\"reason\":\"TooManyRequests\"}", -1, -1,
      "HTTP 429 TooManyRequests" },
    { 429, PUSH_VERDICT_RETRY, "{\"reason\":\"TooManyRequests\"}", 7000, 7000,
      "HTTP 429 TooManyRequests" },
    { 429, PUSH_VERDICT_RETRY, "{\"reason\":\"TooManyProviderTokenUpdates\"}", -1, 60000,
      "HTTP 429 TooManyProviderTokenUpdates" },
    { 500, PUSH_VERDICT_RETRY, "{\"reason\":\"InternalServerError\"}", -1, -1,
      "HTTP 500 InternalServerError" },
    { 503, PUSH_VERDICT_RETRY, "{\"reason\":\"Shutdown\"}", 30000, 30000, "HTTP 503 Shutdown" },
    { 503, PUSH_VERDICT_RETRY, "{\"reason\":\"\xFF\"}", -1, -1, "HTTP 503" },
    { 302, PUSH_VERDICT_DEAD, "", -1, -1, "HTTP 302" },
};

static void understands_apples_answers(void **state)
{
    void *it = open_provider();
    size_t i;

    (void)state;
    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        push_verdict verdict;

        judge(it, answers[i].status, answers[i].body, answers[i].retry_after, &verdict);
        assert_string_equal(verdict.reason, answers[i].reason);
        assert_int_equal(verdict.result, answers[i].result);
        if (verdict.result == PUSH_VERDICT_RETRY) {
            assert_true(verdict.delay == answers[i].delay);
        }
    }
    push_provider_apns.free(it);
    push_provider_apns.free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_configured_by_its_key),
        cmocka_unit_test(asks_as_apple_wants_it),
        cmocka_unit_test(goes_by_what_the_notification_is),
        cmocka_unit_test(takes_no_slash_too_many),
        cmocka_unit_test(refuses_what_no_header_can_hold),
        cmocka_unit_test(cuts_the_text_so_that_it_fits),
        cmocka_unit_test(renews_its_token_within_the_hour),
        cmocka_unit_test(renews_a_token_that_was_refused),
        cmocka_unit_test(understands_apples_answers),
    };

    return unit_run("provider_apns", tests, sizeof tests / sizeof tests[0]);
}
