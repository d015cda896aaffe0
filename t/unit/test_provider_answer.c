/* SPDX-License-Identifier: Apache-2.0 */
/* What push services' answers say: words and tokens, and nothing of what is something else. */
/* With pushd: provider_answer.c */
#include "unit.h"

#include "provider_answer.h"

/* A body, of exact size, through one of the readers; word is compared with what it should be. */
static void assert_word(int (*read)(const char *, size_t, char *), const char *body, int found,
                        const char *said)
{
    char word[PUSH_ANSWER_WORD];
    char *copy = unit_copy(body, strlen(body));

    assert_int_equal(read(copy, strlen(body), word), found);
    assert_string_equal(word, said);
    free(copy);
}

static void reads_the_reasons_of_apns(void **state)
{
    static const struct {
        const char *body;
        const char *word;
    } cases[] = {
        { "{\"reason\":\"BadDeviceToken\"}", "BadDeviceToken" },
        { "{\"reason\":\"Unregistered\",\"timestamp\":1454948015990}", "Unregistered" },
        { " { \"timestamp\" : 1 , \"reason\" : \"Unr\\u0065gistered\" } ", "Unregistered" },
        { "{\"reason\":\"new words as well\"}", "" },
        { "{\"reason\":\"NewWordsAsWell\"}", "NewWordsAsWell" },
        { "{\"reason\":\"a\\nb\"}", "" },
        { "{\"reason\":\"https://example.org/token\"}", "" },
        { "{\"reason\":\"\"}", "" },
        { "{\"reason\":5}", "" },
        { "{\"reason\":null}", "" },
        { "{\"reason\":{\"reason\":\"Unregistered\"}}", "" },
        { "{\"reason\":\"Unregistered\"", "" },
        { "{\"reason\":\"Unregistered\"}}", "" },
        { "{\"reason\":\"A\",\"reason\":\"B\"}", "" },
        { "[\"reason\",\"Unregistered\"]", "" },
        { "{}", "" },
        { "", "" },
        { "<html>", "" },
        { "\xFF\xFE", "" },
        { "{\"reason\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "{\"reason\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", "" },
    };
    size_t i;
    char word[PUSH_ANSWER_WORD];

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_word(push_provider_answer_apns, cases[i].body, cases[i].word[0] != '\0',
                    cases[i].word);
    }
    assert_false(push_provider_answer_apns(NULL, 0, word));
    assert_string_equal(word, "");
}

static void reads_the_error_codes_of_fcm(void **state)
{
    static const struct {
        const char *body;
        int found;
        const char *word;
    } cases[] = {
        { "{\"error\":{\"code\":404,\"message\":\"gone\",\"status\":\"NOT_FOUND\",\"details\":[{"
          "\"@type\":\"type.googleapis.com/google.firebase.fcm.v1.FcmError\",\"errorCode\":"
          "\"UNREGISTERED\"}]}}",
          1, "UNREGISTERED" },
        { "{\"error\":{\"status\":\"INVALID_ARGUMENT\",\"details\":[{\"@type\":\"BadRequest\","
          "\"fieldViolations\":[]},{\"errorCode\":\"INVALID_ARGUMENT\"}]}}",
          1, "INVALID_ARGUMENT" },
        { "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}", 0, "UNAUTHENTICATED" },
        { "{\"error\":{\"status\":\"X\",\"details\":[]}}", 0, "X" },
        { "{\"error\":{\"status\":\"X\",\"details\":{\"errorCode\":\"Y\"}}}", 0, "X" },
        { "{\"error\":{\"status\":\"X\",\"details\":[1,\"errorCode\",[],{\"errorCode\":2}]}}", 0,
          "X" },
        { "{\"error\":{\"status\":\"a b\",\"details\":[{\"errorCode\":\"c d\"}]}}", 0, "" },
        { "{\"error\":\"invalid_grant\"}", 0, "" },
        { "{\"error\":[]}", 0, "" },
        { "{}", 0, "" },
        { "{\"error\":{\"status\":\"X\"}", 0, "" },
        { "not found", 0, "" },
        { "", 0, "" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_word(push_provider_answer_fcm, cases[i].body, cases[i].found, cases[i].word);
    }
}

static void reads_access_tokens(void **state)
{
    static const struct {
        const char *body;
        int found;
        const char *token;
        int64_t seconds;
        const char *word;
    } cases[] = {
        { "{\"access_token\":\"ya29.a-b_c~d+/e=\",\"expires_in\":3599,\"token_type\":\"Bearer\"}",
          1, "ya29.a-b_c~d+/e=", 3599, "" },
        { "{\"access_token\":\"t\",\"expires_in\":\"60\"}", 1, "t", 60, "" },
        { "{\"access_token\":\"t\",\"expires_in\":1}", 1, "t", 1, "" },
        { "{\"access_token\":\"t\",\"expires_in\":99999999999999999999999}", 1, "t", 86400, "" },
        { "{\"access_token\":\"t\",\"expires_in\":0}", 0, "", 0, "" },
        { "{\"access_token\":\"t\",\"expires_in\":-5}", 0, "", 0, "" },
        { "{\"access_token\":\"t\",\"expires_in\":1.5}", 0, "", 0, "" },
        { "{\"access_token\":\"t\",\"expires_in\":1e3}", 0, "", 0, "" },
        { "{\"access_token\":\"t\",\"expires_in\":\"\"}", 0, "", 0, "" },
        { "{\"access_token\":\"t\",\"expires_in\":null}", 0, "", 0, "" },
        { "{\"access_token\":\"t\"}", 0, "", 0, "" },
        { "{\"expires_in\":60}", 0, "", 60, "" },
        { "{\"access_token\":\"\",\"expires_in\":60}", 0, "", 60, "" },
        { "{\"access_token\":\"a\\r\\nx-header: b\",\"expires_in\":60}", 0, "", 60, "" },
        { "{\"access_token\":\"a b\",\"expires_in\":60}", 0, "", 60, "" },
        { "{\"access_token\":7,\"expires_in\":60}", 0, "", 60, "" },
        { "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}", 0, "",
          0, "invalid_grant" },
        { "{\"error\":{\"code\":500}}", 0, "", 0, "" },
        { "{\"error\":\"no word\"}", 0, "", 0, "" },
        { "[]", 0, "", 0, "" },
        { "", 0, "", 0, "" },
        { "{\"access_token\":\"t\",\"expires_in\":60", 0, "", 0, "" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char token[PUSH_ANSWER_TOKEN];
        char word[PUSH_ANSWER_WORD];
        int64_t seconds = -1;
        char *copy = unit_copy(cases[i].body, strlen(cases[i].body));

        assert_int_equal(
            push_provider_answer_token(copy, strlen(cases[i].body), token, &seconds, word),
            cases[i].found);
        assert_string_equal(token, cases[i].token);
        assert_true(seconds == cases[i].seconds);
        assert_string_equal(word, cases[i].word);
        free(copy);
    }
}

static void takes_no_token_that_is_too_long(void **state)
{
    char body[PUSH_ANSWER_TOKEN + 100];
    char token[PUSH_ANSWER_TOKEN];
    char word[PUSH_ANSWER_WORD];
    int64_t seconds;
    int length;

    (void)state;
    for (length = PUSH_ANSWER_TOKEN - 2; length <= PUSH_ANSWER_TOKEN; length++) {
        int size =
            snprintf(body, sizeof body, "{\"access_token\":\"%0*d\",\"expires_in\":60}", length, 0);

        assert_int_equal(push_provider_answer_token(body, (size_t)size, token, &seconds, word),
                         length < PUSH_ANSWER_TOKEN);
        assert_int_equal(strlen(token), length < PUSH_ANSWER_TOKEN ? length : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_reasons_of_apns),
        cmocka_unit_test(reads_the_error_codes_of_fcm),
        cmocka_unit_test(reads_access_tokens),
        cmocka_unit_test(takes_no_token_that_is_too_long),
    };

    return unit_run("provider_answer", tests, sizeof tests / sizeof tests[0]);
}
