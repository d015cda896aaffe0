/* SPDX-License-Identifier: Apache-2.0 */
/* FCM: the account's file, its access tokens over time, the requests to the byte, and what each answer means. The signer is played here. */
/* With pushd: provider_fcm.c fcm_account.c provider_answer.c provider.c http_request.c key_file.c notification.c notification_text.c settings_value.c */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "flx_json_scan.h"
#include "http_played.h"
#include "provider.h"
#include "signer.h"

#define SECOND INT64_C(1000)
#define MINUTE INT64_C(60000)

#define ACCOUNT                                                                                    \
    "{\"type\":\"service_account\",\"project_id\":\"demo-1\",\"private_key_id\":\"k1\","           \
    "\"private_key\":\"-----BEGIN\\nKEY\",\"client_email\":\"push@demo-1.example\","               \
    "\"token_uri\":\"https://oauth2.example.org/token\"}"

static int is_signing = 1;

push_signer *push_signer_from_pem(const char *text, size_t length, push_signer_kind kind, char *why,
                                  size_t size)
{
    assert_int_equal(kind, PUSH_SIGNER_RS256);
    if (length != 14 || memcmp(text, "-----BEGIN\nKEY", 14) != 0) {
        snprintf(why, size, "holds no private key");
        return NULL;
    }
    return malloc(1);
}

void push_signer_free(push_signer *signer)
{
    free(signer);
}

char *push_signer_sign(const push_signer *signer, const char *kid, const char *claims)
{
    char *token = malloc(1000);

    assert_non_null(signer);
    snprintf(token, 1000, "%s:%s", kid != NULL ? kid : "-", claims);
    if (!is_signing) {
        free(token);
        token = NULL;
    }
    return token;
}

/* A file with a text and a mode, and what reading it says. */
static void *read_account(const char *text, mode_t mode, char why[300])
{
    char path[] = "/tmp/flixim-unit-XXXXXX";
    static push_settings settings;
    int fd = mkstemp(path);
    void *it;
    char *place;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    settings.fcm_key_file = path;
    settings.fcm_url = "https://fcm.example.org/";
    it = push_provider_fcm.read(&settings, why, 300);
    settings.fcm_key_file = "";
    /* The name is another one each time. */
    place = strstr(why, path);
    if (place != NULL) {
        memmove(place, place + strlen(path), strlen(place + strlen(path)) + 1);
    }
    unlink(path);
    return it;
}

static void *open_provider(void)
{
    char why[300];
    void *it = read_account(ACCOUNT, 0600, why);

    assert_string_equal(why, "");
    assert_non_null(it);
    memset(&played, 0, sizeof played);
    played.now = PLAYED_NOW;
    return it;
}

static int changes;

static void note_change(void *data)
{
    assert_ptr_equal(data, &changes);
    changes++;
}

static int prepare(void *it)
{
    return push_provider_fcm.prepare(it, NULL, note_change, &changes);
}

/* One that has a token for an hour. */
static void *open_ready(void)
{
    void *it = open_provider();

    assert_false(prepare(it));
    played_answer(200, "{\"access_token\":\"ya29.a\",\"expires_in\":3600}", -1);
    assert_true(prepare(it));
    return it;
}

static const struct {
    const char *text;
    mode_t mode;
    const char *why; /* "": it is fine */
} accounts[] = {
    { ACCOUNT, 0600, "" },
    { ACCOUNT, 0640, "" },
    { ACCOUNT, 0604, "has a mode that lets others read, write or run it" },
    { "", 0600, "is not JSON" },
    { "x", 0600, "is not JSON" },
    { "[]", 0600, "has no client_email, or none of a service account" },
    { "{\"client_email\":\"a "
      "b\",\"project_id\":\"p\",\"token_uri\":\"https://x\",\"private_key\":"
      "\"-----BEGIN\\nKEY\"}",
      0600, "has no client_email, or none of a service account" },
    { "{\"client_email\":\"a\",\"project_id\":\"\",\"token_uri\":\"https://x\",\"private_key\":"
      "\"-----BEGIN\\nKEY\"}",
      0600, "has no project_id, or none of a service account" },
    { "{\"client_email\":\"a\",\"project_id\":\"a/b\",\"token_uri\":\"https://"
      "x\",\"private_key\":"
      "\"-----BEGIN\\nKEY\"}",
      0600, "has a project_id with other characters than letters, digits and -:." },
    { "{\"client_email\":\"a\",\"project_id\":\"..\",\"token_uri\":\"https://"
      "x\",\"private_key\":"
      "\"-----BEGIN\\nKEY\"}",
      0600, "has a project_id with other characters than letters, digits and -:." },
    { "{\"client_email\":\"a\",\"project_id\":\"p\",\"token_uri\":\"http://oauth2.example.org/"
      "\","
      "\"private_key\":\"-----BEGIN\\nKEY\"}",
      0600, "has a token_uri that is no https: URL" },
    { "{\"client_email\":\"a\",\"project_id\":\"p\",\"token_uri\":\"http://127.0.0.1:1/token\","
      "\"private_key\":\"-----BEGIN\\nKEY\"}",
      0600, "" },
    { "{\"client_email\":\"a\",\"project_id\":\"p\",\"token_uri\":\"https://x\"}", 0600,
      "has no private_key" },
    { "{\"client_email\":\"a\",\"project_id\":\"p\",\"token_uri\":\"https://"
      "x\",\"private_key\":"
      "\"-----BEGIN\"}",
      0600, "holds no private key" },
};

static void reads_the_accounts_file(void **state)
{
    push_settings none = { .fcm_key_file = "" };
    char why[300] = "x";
    size_t i;

    (void)state;
    assert_null(push_provider_fcm.read(&none, why, sizeof why));
    assert_string_equal(why, "");
    for (i = 0; i < sizeof accounts / sizeof accounts[0]; i++) {
        void *it = read_account(accounts[i].text, accounts[i].mode, why);
        char expected[300] = "";

        if (accounts[i].why[0] != '\0') {
            snprintf(expected, sizeof expected, "fcm_key_file \"\": %s", accounts[i].why);
        }
        assert_string_equal(why, expected);
        assert_int_equal(it != NULL, accounts[i].why[0] == '\0');
        push_provider_fcm.free(it);
    }
    none.fcm_key_file = "/nonexistent";
    assert_null(push_provider_fcm.read(&none, why, sizeof why));
    assert_string_equal(why, "fcm_key_file \"/nonexistent\": No such file or directory");
}

static void asks_for_an_access_token_once(void **state)
{
    void *it = open_provider();

    (void)state;
    changes = 0;
    assert_false(prepare(it));
    assert_string_equal(played.url, "https://oauth2.example.org/token");
    assert_string_equal(played.headers, "content-type: application/x-www-form-urlencoded\n");
    assert_string_equal(
        played.body,
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=k1:{\"iss\":"
        "\"push@demo-1.example\",\"scope\":\"https://www.googleapis.com/auth/firebase.messaging\","
        "\"aud\":\"https://oauth2.example.org/token\",\"iat\":1750000000,\"exp\":1750003600}");
    /* While it is under way. */
    assert_false(prepare(it));
    assert_int_equal(played.sent, 1);
    assert_int_equal(changes, 0);
    played_answer(200, "{\"access_token\":\"ya29.a\",\"expires_in\":3600}", -1);
    assert_int_equal(changes, 1);
    assert_true(prepare(it));
    assert_int_equal(played.sent, 1);
    push_provider_fcm.free(it);
}

static void replaces_a_token_before_its_end(void **state)
{
    void *it = open_ready();

    (void)state;
    changes = 0;
    played.now = PLAYED_NOW + 55 * MINUTE - 1;
    assert_true(prepare(it));
    assert_int_equal(played.sent, 1);
    /* Five minutes before its end, while it is still used. */
    played.now = PLAYED_NOW + 55 * MINUTE;
    assert_true(prepare(it));
    assert_true(prepare(it));
    assert_int_equal(played.sent, 2);
    played_answer(503, "", -1);
    assert_true(prepare(it));
    assert_int_equal(played.sent, 2);
    played.now += 2 * SECOND;
    assert_true(prepare(it));
    assert_int_equal(played.sent, 3);
    assert_int_equal(changes, 0);
    /* Ten seconds before its end it is not. */
    played.now = PLAYED_NOW + 60 * MINUTE - 10 * SECOND;
    assert_false(prepare(it));
    played_answer(200, "{\"access_token\":\"ya29.b\",\"expires_in\":10}", -1);
    assert_int_equal(changes, 1);
    assert_true(prepare(it));
    assert_int_equal(played.sent, 3);
    /* One for ten seconds is replaced after five, and used for nine. */
    played.now += 5 * SECOND;
    assert_true(prepare(it));
    assert_int_equal(played.sent, 4);
    played.now += 4 * SECOND;
    assert_false(prepare(it));
    played_answer(0, "", -1);
    push_provider_fcm.free(it);
}

static void waits_longer_each_time_it_fails(void **state)
{
    static const int64_t waits[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
    static const struct {
        int status;
        const char *body;
        const char *said;
    } failures[] = {
        { 400, "{\"error\":\"invalid_grant\"}",
          "FLX1460: no access token for FCM: HTTP 400 invalid_grant\n" },
        { 200, "{}", "FLX1460: no access token for FCM: HTTP 200\n" },
        { 500, "{\"access_token\":\"t\",\"expires_in\":60}",
          "FLX1460: no access token for FCM: HTTP 500\n" },
        { 0, "", "FLX1460: no access token for FCM: timeout\n" },
    };
    size_t i;
    size_t j;

    (void)state;
    for (j = 0; j < sizeof failures / sizeof failures[0]; j++) {
        void *it = open_provider();

        for (i = 0; i < sizeof waits / sizeof waits[0]; i++) {
            changes = 0;
            assert_false(prepare(it));
            played_answer(failures[j].status, failures[j].body, -1);
            /* It has given up for now, and says so. */
            assert_int_equal(changes, 1);
            played.now += waits[i] * SECOND - 1;
            assert_false(prepare(it));
            assert_null(played.done);
            played.now++;
        }
        assert_string_equal(played.log, failures[j].said);
        played.log[0] = '\0';
        assert_false(prepare(it));
        played_answer(200, "{\"access_token\":\"ya29.a\",\"expires_in\":3600}", -1);
        assert_string_equal(played.log, "FLX1461: there is an access token for FCM again\n");
        assert_true(prepare(it));
        push_provider_fcm.free(it);
    }
}

static void waits_as_long_as_it_is_told(void **state)
{
    void *it = open_provider();

    (void)state;
    assert_false(prepare(it));
    played_answer(429, "", 90 * SECOND);
    played.now += 90 * SECOND - 1;
    assert_false(prepare(it));
    assert_null(played.done);
    played.now++;
    assert_false(prepare(it));
    played_answer(200, "{\"access_token\":\"ya29.a\",\"expires_in\":3600}", -1);
    assert_true(prepare(it));
    push_provider_fcm.free(it);
}

static void does_not_wait_by_a_wrong_clock(void **state)
{
    void *it = open_provider();

    (void)state;
    played.now += INT64_C(24) * 60 * MINUTE;
    assert_false(prepare(it));
    played_answer(400, "{\"error\":\"invalid_grant\"}", -1);
    assert_false(prepare(it));
    assert_null(played.done);
    /* It was a day ahead, and Google had told so; now it is right. */
    played.now = PLAYED_NOW;
    assert_false(prepare(it));
    played_answer(200, "{\"access_token\":\"ya29.a\",\"expires_in\":3600}", -1);
    assert_true(prepare(it));
    push_provider_fcm.free(it);
}

static void stays_calm_without_memory(void **state)
{
    void *it = open_provider();

    (void)state;
    played.has_no_memory = 1;
    assert_false(prepare(it));
    played.has_no_memory = 0;
    is_signing = 0;
    played.now += 1 * SECOND;
    assert_false(prepare(it));
    is_signing = 1;
    assert_int_equal(played.sent, 0);
    played.now += 2 * SECOND;
    assert_false(prepare(it));
    assert_int_equal(played.sent, 1);
    played_answer(200, "{\"access_token\":\"ya29.a\",\"expires_in\":3600}", -1);
    assert_true(prepare(it));
    push_provider_fcm.free(it);
}

static void may_end_before_its_answer(void **state)
{
    void *it = open_provider();

    (void)state;
    changes = 0;
    assert_false(prepare(it));
    push_provider_fcm.free(it);
    played_answer(200, "{\"access_token\":\"ya29.a\",\"expires_in\":3600}", -1);
    assert_int_equal(changes, 0);
    push_provider_fcm.free(NULL);
}

static void assert_refused(void *it, const push_notification *notification,
                           push_verdict_result result, const char *reason)
{
    push_http_request request;
    push_verdict verdict;

    push_http_request_init(&request);
    assert_int_equal(push_provider_fcm.build(it, notification, &request, &verdict), -1);
    assert_int_equal(verdict.result, result);
    assert_string_equal(verdict.reason, reason);
    push_http_request_free(&request);
}

static void build(void *it, const push_notification *notification)
{
    push_http_request request;
    push_verdict verdict;

    push_http_request_init(&request);
    assert_int_equal(push_provider_fcm.build(it, notification, &request, &verdict), 0);
    played_keep(&request);
    push_http_request_free(&request);
    assert_int_equal(flx_json_scan(played.body, strlen(played.body), NULL, NULL, NULL),
                     FLX_JSON_FINE);
}

static void sends_as_google_wants_it(void **state)
{
    push_notification other = played_notification;
    void *it = open_provider();

    (void)state;
    assert_refused(it, &played_notification, PUSH_VERDICT_RELEASED, "no access token");
    push_provider_fcm.free(it);
    it = open_ready();
    other.token = "d\"1\\:APA91";
    build(it, &other);
    assert_string_equal(played.url, "https://fcm.example.org/v1/projects/demo-1/messages:send");
    assert_string_equal(played.headers, "authorization: Bearer ya29.a\n"
                                        "content-type: application/json\n");
    assert_string_equal(
        played.body,
        "{\"message\":{\"token\":\"d\\\"1\\\\:APA91\",\"notification\":{\"title\":\"新消息\","
        "\"body\":"
        "\"a \\\"b\\\"\"},\"data\":{" PLAYED_DATA_START
        "\"type\":\"private_message\"," PLAYED_DATA_MIDDLE
        "\"badge\":\"7\",\"collapse\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
        "\"android\":{\"collapse_key\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"ttl\":\"3600s\","
        "\"priority\":\"high\",\"notification\":{\"tag\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}},"
        "\"apns\":{\"headers\":{\"apns-collapse-id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"apns-priority\":\"10\"},\"payload\":{\"aps\":{\"badge\":7,\"sound\":\"default\","
        "\"mutable-content\":1,\"thread-id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}}}}");
    other.message_type = "interaction";
    other.lifetime = 0;
    other.text = NULL;
    build(it, &other);
    assert_non_null(strstr(played.body, "\"notification\":{\"title\":\"新消息\"},\"data\""));
    assert_non_null(strstr(played.body, "\"ttl\":\"0s\",\"priority\":\"normal\""));
    assert_non_null(strstr(played.body, "\"apns-priority\":\"5\""));
    assert_null(strstr(played.body, "\"text\":"));
    push_provider_fcm.free(it);
}

static void cuts_the_text_so_that_it_fits(void **state)
{
    push_notification large = played_notification;
    char *text = calloc(1, 6001);
    void *it = open_ready();
    size_t i;

    (void)state;
    for (i = 0; i < 2000; i++) {
        memcpy(text + 3 * i, "你", 4);
    }
    large.text = text;
    build(it, &large);
    assert_true(strlen(played.body) < 4096 + 500);
    assert_true(strlen(played.body) > 2048);
    large.conversation_id = text;
    assert_refused(it, &large, PUSH_VERDICT_DEAD, "more than 4096 bytes");
    free(text);
    push_provider_fcm.free(it);
}

static void judge(void *it, int status, const char *body, int64_t retry_after,
                  push_verdict *verdict)
{
    char *copy = unit_copy(body, strlen(body));
    push_http_answer answer = { status, "timeout", copy, strlen(body), retry_after };

    memset(verdict, 0, sizeof *verdict);
    push_provider_fcm.judge(it, &answer, verdict);
    free(copy);
}

#define ERROR(status, code)                                                                        \
    "{\"error\":{\"code\":1,\"message\":\"token d1 is x\",\"status\":\"" status                    \
    "\",\"details\":[{"                                                                            \
    "\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":\"" code      \
    "\"}]}}"

static void replaces_a_token_that_was_refused(void **state)
{
    void *it = open_ready();
    push_verdict verdict;

    (void)state;
    judge(it, 401, "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}", -1, &verdict);
    assert_int_equal(verdict.result, PUSH_VERDICT_RETRY);
    assert_refused(it, &played_notification, PUSH_VERDICT_RELEASED, "no access token");
    assert_false(prepare(it));
    played_answer(200, "{\"access_token\":\"ya29.b\",\"expires_in\":3600}", -1);
    assert_true(prepare(it));
    /* Answers to what was sent with the old one. */
    judge(it, 401, "", -1, &verdict);
    build(it, &played_notification);
    assert_non_null(strstr(played.headers, "Bearer ya29.b\n"));
    played.now += 60 * SECOND;
    judge(it, 401, "", -1, &verdict);
    assert_false(prepare(it));
    played_answer(200, "{\"access_token\":\"ya29.c\",\"expires_in\":3600}", -1);
    push_provider_fcm.free(it);
}

static void keeps_a_token_that_may_be_fine(void **state)
{
    void *it = open_ready();
    push_verdict verdict;

    (void)state;
    judge(it, 401, ERROR("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), -1, &verdict);
    assert_int_equal(verdict.result, PUSH_VERDICT_RETRY);
    assert_int_equal(played.sent, 1);
    assert_true(prepare(it));
    assert_int_equal(played.sent, 2);
    build(it, &played_notification);
    assert_non_null(strstr(played.headers, "Bearer ya29.a\n"));
    played_answer(200, "{\"access_token\":\"ya29.b\",\"expires_in\":3600}", -1);
    judge(it, 401, ERROR("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), -1, &verdict);
    assert_true(prepare(it));
    assert_int_equal(played.sent, 2);
    build(it, &played_notification);
    assert_non_null(strstr(played.headers, "Bearer ya29.b\n"));
    push_provider_fcm.free(it);
}

static const struct {
    int status;
    push_verdict_result result;
    const char *body;
    int64_t retry_after;
    int64_t delay;
    const char *reason;
} answers[] = {
    { 200, PUSH_VERDICT_SENT, "{\"name\":\"projects/demo-1/messages/1\"}", -1, -1, "" },
    { 400, PUSH_VERDICT_DEAD, ERROR("INVALID_ARGUMENT", "INVALID_ARGUMENT"), -1, -1,
      "HTTP 400 INVALID_ARGUMENT" },
    { 401, PUSH_VERDICT_RETRY, ERROR("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), -1, -1,
      "HTTP 401 THIRD_PARTY_AUTH_ERROR" },
    { 401, PUSH_VERDICT_RETRY, "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}", -1, -1,
      "HTTP 401 UNAUTHENTICATED" },
    { 403, PUSH_VERDICT_GONE, ERROR("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), -1, -1,
      "HTTP 403 SENDER_ID_MISMATCH" },
    { 403, PUSH_VERDICT_RETRY, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}", -1, 60000,
      "HTTP 403 PERMISSION_DENIED" },
    { 404, PUSH_VERDICT_GONE, ERROR("NOT_FOUND", "UNREGISTERED"), -1, -1, "HTTP 404 UNREGISTERED" },
    /* a status is no error code */
    { 404, PUSH_VERDICT_DEAD, "{\"error\":{\"status\":\"UNREGISTERED\"}}", -1, -1,
      "HTTP 404 UNREGISTERED" },
    { 404, PUSH_VERDICT_DEAD, "<html>", -1, -1, "HTTP 404" },
    { 413, PUSH_VERDICT_DEAD, "", -1, -1, "HTTP 413" },
    { 429, PUSH_VERDICT_RETRY, ERROR("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), -1, 60000,
      "HTTP 429 QUOTA_EXCEEDED" },
    { 429, PUSH_VERDICT_RETRY, ERROR("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), 2000, 2000,
      "HTTP 429 QUOTA_EXCEEDED" },
    { 429, PUSH_VERDICT_RETRY, "", -1, -1, "HTTP 429" },
    { 500, PUSH_VERDICT_RETRY, ERROR("INTERNAL", "INTERNAL"), -1, -1, "HTTP 500 INTERNAL" },
    { 503, PUSH_VERDICT_RETRY, ERROR("UNAVAILABLE", "UNAVAILABLE"), 5000, 5000,
      "HTTP 503 UNAVAILABLE" },
    { 302, PUSH_VERDICT_DEAD, "", -1, -1, "HTTP 302" },
};

static void understands_googles_answers(void **state)
{
    void *it = open_ready();
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
    push_provider_fcm.free(it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_accounts_file),
        cmocka_unit_test(asks_for_an_access_token_once),
        cmocka_unit_test(replaces_a_token_before_its_end),
        cmocka_unit_test(waits_longer_each_time_it_fails),
        cmocka_unit_test(waits_as_long_as_it_is_told),
        cmocka_unit_test(does_not_wait_by_a_wrong_clock),
        cmocka_unit_test(stays_calm_without_memory),
        cmocka_unit_test(may_end_before_its_answer),
        cmocka_unit_test(sends_as_google_wants_it),
        cmocka_unit_test(cuts_the_text_so_that_it_fits),
        cmocka_unit_test(replaces_a_token_that_was_refused),
        cmocka_unit_test(keeps_a_token_that_may_be_fine),
        cmocka_unit_test(understands_googles_answers),
    };

    return unit_run("provider_fcm", tests, sizeof tests / sizeof tests[0]);
}
