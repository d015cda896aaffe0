/* SPDX-License-Identifier: Apache-2.0 */
/* flx_outcome: every outcome has its texts, and every label of the schema its outcome. */
#include "unit.h"

#include <string.h>

#include "flx_outcome.h"
#include "flx_utf8.h"

/* Whether a text can stand in a JSON string as it is. */
static int is_plain(const char *text)
{
    return text != NULL && *text != '\0' && strpbrk(text, "\"\\\n\t") == NULL &&
           flx_utf8_valid(text, strlen(text));
}

static void has_a_text_in_each_language(void **state)
{
    (void)state;
    for (int outcome = 0; outcome < FLX_OUTCOMES; outcome++) {
        const char *chinese = flx_outcome_message((flx_outcome)outcome, FLX_CHINESE);
        const char *english = flx_outcome_message((flx_outcome)outcome, FLX_ENGLISH);
        int success = flx_outcome_is_success((flx_outcome)outcome);

        assert_true(is_plain(chinese));
        assert_true(is_plain(english));
        assert_int_equal(success, flx_outcome_code((flx_outcome)outcome) == NULL);
        /* A success says the same in every language, an error does not. */
        assert_int_equal(success, strcmp(chinese, english) == 0);
        assert_int_equal(success, flx_outcome_status((flx_outcome)outcome) < 300);
    }
}

static void has_a_code_of_its_own_for_each_error(void **state)
{
    (void)state;
    for (int one = 0; one < FLX_OUTCOMES; one++) {
        for (int other = one + 1; other < FLX_OUTCOMES; other++) {
            const char *code = flx_outcome_code((flx_outcome)one);
            const char *with = flx_outcome_code((flx_outcome)other);

            assert_true(code == NULL || with == NULL || strcmp(code, with) != 0);
        }
    }
}

static void says_what_the_seed_says(void **state)
{
    static const struct {
        flx_outcome outcome;
        const char *message;
    } seed[] = {
        { FLX_MESSAGES_LISTED, "获取消息列表成功" },    { FLX_MESSAGE_FOUND, "获取消息成功" },
        { FLX_MESSAGE_CREATED, "消息创建成功" },        { FLX_MESSAGE_READ, "消息已标记为已读" },
        { FLX_MESSAGES_READ, "批量标记成功" },          { FLX_ALL_READ, "所有消息已标记为已读" },
        { FLX_UNREAD_COUNTED, "获取未读消息数量成功" }, { FLX_MESSAGE_DELETED, "消息删除成功" },
        { FLX_MESSAGES_SYNCED, "消息同步成功" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof seed / sizeof seed[0]; i++) {
        assert_string_equal(flx_outcome_message(seed[i].outcome, FLX_ENGLISH), seed[i].message);
    }
}

static void knows_the_refusals_of_the_schema(void **state)
{
    static const struct {
        const char *label;
        int status;
    } labels[] = {
        { "invalid", 422 },
        { "invalid_token", 401 },
        { "insufficient_scope", 403 },
        { "forbidden", 403 },
        { "message_not_found", 404 },
        { "conversation_not_found", 404 },
        { "withdraw_window_closed", 409 },
        { "idempotency_conflict", 409 },
        { "busy", 503 },
        { "ok", 500 },
        { "invalid_tokens", 500 },
        { "", 500 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        flx_outcome outcome = flx_outcome_of_label(labels[i].label, strlen(labels[i].label));

        assert_int_equal(flx_outcome_status(outcome), labels[i].status);
    }
}

static void finds_an_error_for_what_httpd_answers(void **state)
{
    static const int known[] = { 400, 401, 403, 404, 405, 408, 413, 415, 417, 429, 500, 503 };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(flx_outcome_status(flx_outcome_of_status(known[i])), known[i]);
    }
    assert_int_equal(flx_outcome_of_status(414), FLX_BAD_REQUEST);
    assert_int_equal(flx_outcome_of_status(501), FLX_INTERNAL);
}

static void has_texts_for_rules(void **state)
{
    (void)state;
    assert_string_equal(flx_rule_message("content.text", "too_long", FLX_ENGLISH),
                        "must not exceed 10,000 characters");
    assert_string_equal(flx_rule_message("anything", "too_long", FLX_ENGLISH), "is too long");
    assert_string_equal(flx_rule_message("anything", "required", FLX_CHINESE), "不能为空");
    assert_string_equal(flx_rule_message("anything", "no_such_rule", FLX_CHINESE), "no_such_rule");
}

/* Clients compare these. */
static void has_the_reasons_of_the_channel(void **state)
{
    static const struct {
        flx_outcome outcome;
        const char *reason;
    } known[] = {
        { FLX_INVALID_TOKEN, "invalid token" },
        { FLX_FORBIDDEN, "unauthorized" },
        { FLX_INSUFFICIENT_SCOPE, "unauthorized" },
        { FLX_MESSAGE_NOT_FOUND, "message not found" },
        { FLX_CONVERSATION_NOT_FOUND, "conversation not found" },
        { FLX_WITHDRAW_WINDOW_CLOSED, "cannot withdraw message after time limit" },
        { FLX_IDEMPOTENCY_CONFLICT, "client_message_id already used" },
        { FLX_TOO_LARGE, "payload too large" },
        { FLX_RATE_LIMITED, "rate limited" },
        { FLX_UNAVAILABLE, "unavailable" },
        { FLX_INTERNAL, "internal error" },
        { FLX_HEALTHY, "internal error" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_string_equal(flx_outcome_reason(known[i].outcome), known[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_a_text_in_each_language),
        cmocka_unit_test(has_a_code_of_its_own_for_each_error),
        cmocka_unit_test(says_what_the_seed_says),
        cmocka_unit_test(knows_the_refusals_of_the_schema),
        cmocka_unit_test(finds_an_error_for_what_httpd_answers),
        cmocka_unit_test(has_texts_for_rules),
        cmocka_unit_test(has_the_reasons_of_the_channel),
    };

    return unit_run("outcome", tests, sizeof tests / sizeof tests[0]);
}
