/* SPDX-License-Identifier: Apache-2.0 */
/* From a row of claim_pushes to what a device shows: words, languages, cuts, and data that is always JSON. The clock is played here. */
/* With pushd: notification.c notification_text.c */
#include "unit.h"

#include "flx_json_scan.h"
#include "flx_utf8.h"
#include "notification.h"
#include "notification_text.h"
#include "tokens.h"

#define NOW INT64_C(1750000000000)

/* Of a column that a test does not say. */
typedef struct cell {
    char *column; /* not const: libpq takes neither so */
    char *bytes;
    int length; /* -1: an SQL null */
} cell;

#define ID(digit)                                                                                  \
    digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit

flx_time push_tokens_now(void)
{
    return NOW;
}

static void put_number(char *bytes, int count, int64_t number)
{
    int i;

    for (i = 0; i < count; i++) {
        bytes[i] = (char)(uint64_t)((uint64_t)number >> (8 * (count - 1 - i)));
    }
}

/* A row with a text message, in which said replaces what it names. */
static PGresult *make_row(const cell *said, int count, int64_t expires_at)
{
    static char attempt[4];
    static char badge[4];
    static char expires[8];
    static char sent[8];
    static const cell usual[] = {
        { "push_id", ID("\x01"), 16 },
        { "attempt", attempt, 4 },
        { "device_id", ID("\x02"), 16 },
        { "provider", "apns", 4 },
        { "app_id", "org.example.app", 15 },
        { "token", "token", 5 },
        { "p256dh", NULL, -1 },
        { "auth", NULL, -1 },
        { "platform", "ios", 3 },
        { "locale", "zh-CN", 5 },
        { "shows_text", "\1", 1 },
        { "badge", badge, 4 },
        { "expires_at", expires, 8 },
        { "user_id", ID("\x03"), 16 },
        { "message_id", ID("\x04"), 16 },
        { "conversation_id", "private:1", 9 },
        { "sender_id", ID("\x05"), 16 },
        { "message_type", "private_message", 15 },
        { "content_type", "text", 4 },
        { "content", "{\"text\":\"hello\"}", 16 },
        { "server_timestamp", sent, 8 },
    };
    enum { COLUMNS = sizeof usual / sizeof usual[0] };
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc columns[COLUMNS] = { 0 };
    int i;
    int j;

    put_number(attempt, 4, 2);
    put_number(badge, 4, 7);
    put_number(expires, 8, (expires_at - FLX_TIME_PG_EPOCH) * 1000);
    put_number(sent, 8, (INT64_C(1744281000123) - FLX_TIME_PG_EPOCH) * 1000);
    assert_non_null(result);
    for (i = 0; i < COLUMNS; i++) {
        columns[i].name = usual[i].column;
        columns[i].format = 1;
    }
    assert_true(PQsetResultAttrs(result, COLUMNS, columns));
    for (i = 0; i < COLUMNS; i++) {
        const cell *value = &usual[i];

        for (j = 0; j < count; j++) {
            value = strcmp(said[j].column, usual[i].column) == 0 ? &said[j] : value;
        }
        assert_true(PQsetvalue(result, 0, i, value->bytes, value->length));
    }
    return result;
}

static void read_row(push_notification *notification, const cell *said, int count, int with_text)
{
    PGresult *result = make_row(said, count, NOW + 90500);

    assert_int_equal(push_notification_read(notification, result, 0, with_text), 0);
    /* What was read does not need the row any more. */
    PQclear(result);
}

static void reads_all_columns(void **state)
{
    static const cell said[] = { { "p256dh", "\0\1\2", 3 }, { "auth", "\3\0", 2 } };
    push_notification it;

    (void)state;
    read_row(&it, said, 2, 1);
    assert_string_equal(it.id, "01010101-0101-0101-0101-010101010101");
    assert_string_equal(it.device_id, "02020202-0202-0202-0202-020202020202");
    assert_string_equal(it.user_id, "03030303-0303-0303-0303-030303030303");
    assert_string_equal(it.message_id, "04040404-0404-0404-0404-040404040404");
    assert_string_equal(it.sender_id, "05050505-0505-0505-0505-050505050505");
    assert_int_equal(it.attempt, 2);
    assert_string_equal(it.app_id, "org.example.app");
    assert_string_equal(it.token, "token");
    assert_int_equal(it.p256dh.length, 3);
    assert_memory_equal(it.p256dh.at, "\0\1\2", 3);
    assert_int_equal(it.auth.length, 2);
    assert_memory_equal(it.auth.at, "\3\0", 2);
    assert_string_equal(it.platform, "ios");
    assert_string_equal(it.locale, "zh-CN");
    assert_string_equal(it.conversation_id, "private:1");
    assert_string_equal(it.message_type, "private_message");
    assert_string_equal(it.content_type, "text");
    assert_true(it.server_timestamp == INT64_C(1744281000123));
    assert_int_equal(it.badge, 7);
    assert_string_equal(it.title, "新消息");
    assert_string_equal(it.text, "hello");
    /* printf 'private:1' | openssl dgst -sha256 -binary | basenc --base64url | cut -c 1-32 */
    assert_string_equal(it.collapse, "HqdnRHfHHK31mt7lSMEJQYP1DtK_QclS");
    push_notification_free(&it);
    assert_null(it.memory);
}

static void is_worth_keeping_until_it_expires(void **state)
{
    static const struct {
        int64_t expires_in; /* ms */
        int64_t lifetime;
    } cases[] = { { 90500, 90 }, { 999, 0 }, { 0, 0 }, { -5000, 0 }, { 86400000, 86400 } };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PGresult *result = make_row(NULL, 0, NOW + cases[i].expires_in);
        push_notification it;

        assert_int_equal(push_notification_read(&it, result, 0, 1), 0);
        assert_true(it.lifetime == cases[i].lifetime);
        push_notification_free(&it);
        PQclear(result);
    }
}

static const struct {
    char *locale;
    char *message_type;
    char *content_type;
    char *content;
    const char *title;
    const char *text;
} messages[] = {
    { "zh-CN", "private_message", "text", "{\"text\":\"你好\"}", "新消息", "你好" },
    { "", "private_message", "text", "{\"text\":\"x\"}", "新消息", "x" },
    { "fr", "private_message", "text", "{\"text\":\"x\"}", "新消息", "x" },
    { "enm", "private_message", "text", "{\"text\":\"x\"}", "新消息", "x" },
    { "e", "private_message", "text", "{\"text\":\"x\"}", "新消息", "x" },
    { "en", "private_message", "text", "{\"text\":\"x\"}", "New message", "x" },
    { "EN-gb", "private_message", "text", "{\"text\":\"x\"}", "New message", "x" },
    { "en_US", "private_message", "text", "{\"text\":\"x\"}", "New message", "x" },
    { "zh", "system_notification", "system", "{\"text\":\"维护\"}", "系统通知", "维护" },
    { "en", "system_notification", "system", "{}", "You have a new system notification", NULL },
    { "zh", "system_announcement", "text", "{\"text\":\"x\"}", "系统公告", "x" },
    { "en", "system_announcement", "text", "{\"text\":\"x\"}", "System announcement", "x" },
    { "zh", "interaction", "comment", "{\"text\":\"不错\"}", "互动消息", "[评论] 不错" },
    { "en", "interaction", "comment", "{}", "Interaction", "[Comment]" },
    { "zh", "interaction", "like", "{}", "互动消息", "[点赞]" },
    { "en", "interaction", "like", "{\"reference_id\":\"1\"}", "Interaction", "[Like]" },
    { "zh", "interaction", "favorite", "{}", "互动消息", "[收藏]" },
    { "en", "interaction", "favorite", "{\"text\":null}", "Interaction", "[Favorite]" },
    { "zh", "private_message", "image", "{\"image_urls\":[\"u\"]}", "新消息", "[图片]" },
    { "en", "private_message", "image", "{\"text\":\"us\"}", "New message", "[Image] us" },
    { "zh", "private_message", "product", "{}", "新消息", "[商品]" },
    { "en", "private_message", "product", "{}", "New message", "[Product]" },
    { "zh", "private_message", "order", "{}", "新消息", "[订单]" },
    { "en", "private_message", "order", "{}", "New message", "[Order]" },
    /* types that came later */
    { "en", "whisper", "song", "{\"text\":\"x\"}", "New message", "x" },
    /* nothing to show */
    { "zh", "private_message", "text", "{}", "你收到一条新消息", NULL },
    { "en", "private_message", "text", "{\"text\":\" \\n \"}", "You have a new message", NULL },
    { "en", "private_message", "text", "{\"text\":5}", "You have a new message", NULL },
    { "en", "private_message", "text", "[\"text\"]", "You have a new message", NULL },
    { "en", "private_message", "text", "{\"text\":\"a", "You have a new message", NULL },
    { "en", "private_message", "text", "{\"text\":\"\\u0000\"}", "You have a new message", NULL },
    { "en", "private_message", "text", "", "You have a new message", NULL },
    { "en", "private_message", "text", NULL, "You have a new message", NULL },
};

static void shows_a_message_in_the_devices_language(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        const cell said[] = {
            { "locale", messages[i].locale, (int)strlen(messages[i].locale) },
            { "message_type", messages[i].message_type, (int)strlen(messages[i].message_type) },
            { "content_type", messages[i].content_type, (int)strlen(messages[i].content_type) },
            { "content", messages[i].content,
              messages[i].content != NULL ? (int)strlen(messages[i].content) : -1 },
        };
        push_notification it;

        read_row(&it, said, 4, 1);
        assert_string_equal(it.title, messages[i].title);
        if (messages[i].text == NULL) {
            assert_null(it.text);
        }
        else {
            assert_string_equal(it.text, messages[i].text);
        }
        push_notification_free(&it);
    }
}

static void shows_no_text_where_site_or_user_want_none(void **state)
{
    static const struct {
        int with_text;
        char *shows_text;
        char *message_type;
        const char *title;
    } cases[] = {
        { 0, "\1", "private_message", "你收到一条新消息" },
        { 1, "\0", "private_message", "你收到一条新消息" },
        { 0, "\0", "system_notification", "你收到一条系统通知" },
        { 0, "\1", "system_announcement", "你收到一条系统公告" },
        { 1, "\0", "interaction", "你收到一条互动消息" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const cell said[] = {
            { "shows_text", cases[i].shows_text, 1 },
            { "message_type", cases[i].message_type, (int)strlen(cases[i].message_type) },
        };
        push_notification it;
        flx_buffer buffer;

        read_row(&it, said, 2, cases[i].with_text);
        assert_null(it.text);
        assert_string_equal(it.title, cases[i].title);
        flx_buffer_init(&buffer, 10000);
        push_notification_add_data(&it, &buffer);
        flx_buffer_add(&buffer, "", 1);
        assert_false(flx_buffer_failed(&buffer));
        assert_null(strstr(buffer.at, "hello"));
        assert_null(strstr(buffer.at, "\"text\":"));
        flx_buffer_free(&buffer);
        push_notification_free(&it);
    }
}

/* A text as JSON has it, and what is shown of it. */
static void assert_shown(const char *text, size_t length, const char *shown)
{
    char buffer[PUSH_TEXT_SIZE];
    flx_buffer content;
    size_t size;
    char *copy;

    flx_buffer_init(&content, 100000);
    flx_buffer_add_text(&content, "{\"text\":");
    flx_buffer_add_string(&content, text, length);
    flx_buffer_add_text(&content, "}");
    assert_false(flx_buffer_failed(&content));
    copy = unit_copy(content.at, content.length);
    assert_int_equal(push_text_write(PUSH_TEXT_ENGLISH, "text", (flx_slice){ copy, content.length },
                                     buffer, &size),
                     0);
    free(copy);
    flx_buffer_free(&content);
    assert_string_equal(buffer, shown);
    assert_int_equal(size, strlen(shown));
    assert_true(flx_utf8_valid(buffer, size));
}

static void shows_one_line_of_harmless_characters(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } cases[] = {
        { "a\nb", "a b" },
        { "  a \t\r\n b  ", "a b" },
        { "a\xE2\x80\xA8"
          "b\xE3\x80\x80"
          "c\xC2\xA0"
          "d",
          "a b c d" },
        { "\x01"
          "a\x1B[31mb\x7F",
          "a[31mb" },
        { "a\xC2\x9B"
          "b",
          "ab" },
        { "\xE2\x80\xAE"
          "gnp.exe\xE2\x81\xA6\xE2\x81\xA9\xE2\x80\xAC",
          "gnp.exe" },
        { "\xEF\xBB\xBF", "" },
        /* a family, held together by joiners */
        { "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA6",
          "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA6" },
        { "\"\\</script>", "\"\\</script>" },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_shown(cases[i].text, strlen(cases[i].text), cases[i].shown);
    }
}

static void shows_so_many_characters_and_an_ellipsis(void **state)
{
    static const char *const characters[] = { "a", "\xC3\xA9", "\xE4\xBD\xA0", "\xF0\x9F\x99\x82" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof characters / sizeof characters[0]; i++) {
        size_t step = strlen(characters[i]);
        char text[(PUSH_TEXT_SHOWN + 2) * 4];
        char shown[(PUSH_TEXT_SHOWN + 2) * 4];
        size_t j;

        for (j = 0; j <= PUSH_TEXT_SHOWN; j++) {
            memcpy(text + j * step, characters[i], step);
        }
        memcpy(shown, text, PUSH_TEXT_SHOWN * step);
        shown[PUSH_TEXT_SHOWN * step] = '\0';
        assert_shown(text, PUSH_TEXT_SHOWN * step, shown);
        memcpy(shown + PUSH_TEXT_SHOWN * step, "\xE2\x80\xA6", 4);
        assert_shown(text, (PUSH_TEXT_SHOWN + 1) * step, shown);
        /* A blank that nothing follows is none. */
        text[PUSH_TEXT_SHOWN * step] = ' ';
        shown[PUSH_TEXT_SHOWN * step] = '\0';
        assert_shown(text, PUSH_TEXT_SHOWN * step + 1, shown);
    }
}

static void cuts_a_text_at_a_characters_end(void **state)
{
    static const struct {
        size_t limit;
        const char *text;
    } cases[] = {
        { 100, "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x99\x82z" },
        { 11, "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x99\x82z" },
        { 10, "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x99\x82" },
        { 9, "a\xC3\xA9\xE4\xBD\xA0" },
        { 7, "a\xC3\xA9\xE4\xBD\xA0" },
        { 6, "a\xC3\xA9\xE4\xBD\xA0" },
        { 5, "a\xC3\xA9" },
        { 2, "a" },
        { 1, "a" },
        { 0, "" },
    };
    push_notification it = { .text = "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x99\x82z" };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *buffer = malloc(cases[i].limit + 1);

        assert_string_equal(push_notification_cut(&it, buffer, cases[i].limit), cases[i].text);
        free(buffer);
    }
    it.text = NULL;
    assert_null(push_notification_cut(&it, NULL, 10));
}

static void gives_devices_their_data(void **state)
{
    static const cell said[] = { { "conversation_id", "group:\"\\\n", 9 } };
    push_notification it;
    flx_buffer buffer;

    (void)state;
    read_row(&it, said, 1, 1);
    flx_buffer_init(&buffer, 10000);
    push_notification_add_data(&it, &buffer);
    assert_false(flx_buffer_failed(&buffer));
    flx_buffer_add(&buffer, "", 1);
    assert_string_equal(
        buffer.at,
        "{\"push_id\":\"01010101-0101-0101-0101-010101010101\",\"event\":\"new_message\","
        "\"user_id\":\"03030303-0303-0303-0303-030303030303\","
        "\"message_id\":\"04040404-0404-0404-0404-040404040404\","
        "\"conversation_id\":\"group:\\\"\\\\\\n\",\"message_type\":\"private_message\","
        "\"content_type\":\"text\",\"sender_id\":\"05050505-0505-0505-0505-050505050505\","
        "\"server_timestamp\":\"2025-04-10T10:30:00.123Z\",\"title\":\"新消息\","
        "\"text\":\"hello\",\"badge\":7,\"collapse\":\"KP6PXiA8Nx5T9jBrzTLyEbYYKpgt2_3Z\"}");
    assert_int_equal(flx_json_scan(buffer.at, buffer.length - 1, NULL, NULL, NULL), FLX_JSON_FINE);
    flx_buffer_free(&buffer);
    push_notification_free(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_columns),
        cmocka_unit_test(is_worth_keeping_until_it_expires),
        cmocka_unit_test(shows_a_message_in_the_devices_language),
        cmocka_unit_test(shows_no_text_where_site_or_user_want_none),
        cmocka_unit_test(shows_one_line_of_harmless_characters),
        cmocka_unit_test(shows_so_many_characters_and_an_ellipsis),
        cmocka_unit_test(cuts_a_text_at_a_characters_end),
        cmocka_unit_test(gives_devices_their_data),
    };

    return unit_run("notification", tests, sizeof tests / sizeof tests[0]);
}
