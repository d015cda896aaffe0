/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the daemon's settings: values of each kind, files and flags, good and bad ones. */
/* With pushd: settings.c settings_table.c settings_value.c */
#include "unit.h"

#include <unistd.h>

#include "settings.h"
#include "settings_table.h"
#include "settings_value.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void numbers(void **state)
{
    static const struct {
        push_setting_kind kind;
        const char *text;
        int64_t number; /* -1: refused */
    } cases[] = {
        { PUSH_SETTING_COUNT, "0", 0 },
        { PUSH_SETTING_COUNT, "007", 7 },
        { PUSH_SETTING_COUNT, "999999999999", 999999999999 },
        { PUSH_SETTING_COUNT, "9999999999999", -1 },
        { PUSH_SETTING_COUNT, "", -1 },
        { PUSH_SETTING_COUNT, "-1", -1 },
        { PUSH_SETTING_COUNT, "+1", -1 },
        { PUSH_SETTING_COUNT, " 1", -1 },
        { PUSH_SETTING_COUNT, "1 ", -1 },
        { PUSH_SETTING_COUNT, "1.5", -1 },
        { PUSH_SETTING_COUNT, "1K", -1 },
        { PUSH_SETTING_COUNT, "0x10", -1 },
        { PUSH_SETTING_TIME, "0", 0 },
        { PUSH_SETTING_TIME, "1", -1 },
        { PUSH_SETTING_TIME, "1ms", 1 },
        { PUSH_SETTING_TIME, "2s", 2000 },
        { PUSH_SETTING_TIME, "3min", 180000 },
        { PUSH_SETTING_TIME, "4h", 14400000 },
        { PUSH_SETTING_TIME, "4d", -1 },
        { PUSH_SETTING_TIME, "4 s", -1 },
        { PUSH_SETTING_TIME, "s", -1 },
        { PUSH_SETTING_TIME, "1M", -1 },
        { PUSH_SETTING_TIME, "1S", -1 },
        { PUSH_SETTING_SIZE, "5", 5 },
        { PUSH_SETTING_SIZE, "5K", 5120 },
        { PUSH_SETTING_SIZE, "5M", 5242880 },
        { PUSH_SETTING_SIZE, "5k", -1 },
        { PUSH_SETTING_SIZE, "5KB", -1 },
        { PUSH_SETTING_SIZE, "5s", -1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t number = -1;
        int result = push_settings_value_number(cases[i].kind, cases[i].text, &number);
        if (result != (cases[i].number < 0 ? -1 : 0) ||
            (result == 0 && number != cases[i].number)) {
            fail_msg("'%s' of kind %d: %d, %ld", cases[i].text, (int)cases[i].kind, result,
                     (long)number);
        }
    }
}

static void words(void **state)
{
    int is_on = -1;
    push_log_level level;

    (void)state;
    assert_int_equal(push_settings_value_switch("on", &is_on), 0);
    assert_true(is_on);
    assert_int_equal(push_settings_value_switch("off", &is_on), 0);
    assert_false(is_on);
    assert_int_equal(push_settings_value_switch("On", &is_on), -1);
    assert_int_equal(push_settings_value_switch("", &is_on), -1);
    assert_int_equal(push_settings_value_switch("true", &is_on), -1);
    assert_int_equal(push_settings_value_level("debug", &level), 0);
    assert_int_equal(level, PUSH_LOG_DEBUG);
    assert_int_equal(push_settings_value_level("error", &level), 0);
    assert_int_equal(level, PUSH_LOG_ERROR);
    assert_int_equal(push_settings_value_level("Warning", &level), -1);
    assert_int_equal(push_settings_value_level("", &level), -1);
}

/* Texts of the kinds that are texts, or of one item of a list. */
static const struct {
    const char *text;
    push_setting_kind kind;
    int is_good;
} text_cases[] = {
    { "", PUSH_SETTING_FILE, 1 },
    { "/a", PUSH_SETTING_FILE, 1 },
    { "a", PUSH_SETTING_FILE, 0 },
    { "", PUSH_SETTING_ADDRESS, 1 },
    { "127.0.0.1:4001", PUSH_SETTING_ADDRESS, 1 },
    { "[::1]:4001", PUSH_SETTING_ADDRESS, 1 },
    { "127.0.0.1", PUSH_SETTING_ADDRESS, 0 },
    { ":4001", PUSH_SETTING_ADDRESS, 0 },
    { "127.0.0.1:", PUSH_SETTING_ADDRESS, 0 },
    { "127.0.0.1:x", PUSH_SETTING_ADDRESS, 0 },
    { "127.0.0.1:65536", PUSH_SETTING_ADDRESS, 0 },
    { "/socket", PUSH_SETTING_PATH, 1 },
    { "/a/b.c-d~e", PUSH_SETTING_PATH, 1 },
    { "socket", PUSH_SETTING_PATH, 0 },
    { "/", PUSH_SETTING_PATH, 0 },
    { "/socket/", PUSH_SETTING_PATH, 0 },
    { "/a//b", PUSH_SETTING_PATH, 0 },
    { "/a b", PUSH_SETTING_PATH, 0 },
    { "/a%20b", PUSH_SETTING_PATH, 0 },
    { "/a?b", PUSH_SETTING_PATH, 0 },
    { "*", PUSH_SETTING_ORIGINS, 1 },
    { "https://www.example.org", PUSH_SETTING_ORIGINS, 1 },
    { "//*.example.org", PUSH_SETTING_ORIGINS, 1 },
    { "//example.org:8080", PUSH_SETTING_ORIGINS, 1 },
    { "https://example.org/", PUSH_SETTING_ORIGINS, 0 },
    { "https//example.org", PUSH_SETTING_ORIGINS, 0 },
    { "example.org", PUSH_SETTING_ORIGINS, 0 },
    { "//", PUSH_SETTING_ORIGINS, 0 },
    { "", PUSH_SETTING_URL, 1 },
    { "https://api.example.org", PUSH_SETTING_URL, 1 },
    { "https://api.example.org:8443/hook?a=b", PUSH_SETTING_URL, 1 },
    { "http://localhost", PUSH_SETTING_URL, 1 },
    { "http://127.0.0.1:8080/x", PUSH_SETTING_URL, 1 },
    { "http://[::1]:8080", PUSH_SETTING_URL, 1 },
    { "http://api.example.org", PUSH_SETTING_URL, 0 },
    { "http://localhost.example.org", PUSH_SETTING_URL, 0 },
    { "http://127.0.0.10", PUSH_SETTING_URL, 0 },
    { "https://", PUSH_SETTING_URL, 0 },
    { "https:///x", PUSH_SETTING_URL, 0 },
    { "https://user@example.org", PUSH_SETTING_URL, 0 },
    { "https://example.org/a b", PUSH_SETTING_URL, 0 },
    { "ftp://example.org", PUSH_SETTING_URL, 0 },
    { "push.example.org", PUSH_SETTING_HOSTS, 1 },
    { "*.example.org", PUSH_SETTING_HOSTS, 1 },
    { "localhost:8443", PUSH_SETTING_HOSTS, 1 },
    { "*.", PUSH_SETTING_HOSTS, 0 },
    { "*", PUSH_SETTING_HOSTS, 0 },
    { "a.*.org", PUSH_SETTING_HOSTS, 0 },
    { "Example.org", PUSH_SETTING_HOSTS, 0 },
    { "https://example.org", PUSH_SETTING_HOSTS, 0 },
    { "example.org:", PUSH_SETTING_HOSTS, 0 },
    { "example.org:0", PUSH_SETTING_HOSTS, 0 },
    { "example.org:65536", PUSH_SETTING_HOSTS, 0 },
};

static void texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(text_cases); i++) {
        if (!push_settings_value_is_good(text_cases[i].kind, text_cases[i].text) !=
            !text_cases[i].is_good) {
            fail_msg("'%s' of kind %d", text_cases[i].text, (int)text_cases[i].kind);
        }
    }
}

/* Reads a text as if it were a file, and then flags. */
static const push_settings *read_text(const char *text, const char *const *flags, int count,
                                      char *why, size_t size)
{
    char path[] = "/tmp/flixim-settings-XXXXXX";
    int fd = mkstemp(path);
    const push_settings *settings;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    settings = push_settings_read(path, flags, count, why, size);
    unlink(path);
    return settings;
}

static void a_good_file(void **state)
{
    static const char *const flags[] = { "--queue-size=2M", "--log_level=debug" };
    char why[300] = "";
    const push_settings *settings = read_text("# a comment\n"
                                              "\n"
                                              "  idle_time\t=  90s  \r\n"
                                              "queue_size=128K\n"
                                              "allow_origins = //a.org  https://*.b.org\n"
                                              "database = host=/run/x dbname='a b'\n"
                                              "strict_channels = on\n"
                                              "token_issuer =\n"
                                              "path = /a/b",
                                              flags, COUNT(flags), why, sizeof why);

    (void)state;
    if (settings == NULL) {
        fail_msg("%s", why);
        return;
    }
    assert_int_equal(settings->idle_time, 90000);
    assert_int_equal(settings->queue_size, 2 * 1048576); /* a flag wins */
    assert_int_equal(settings->log_level, PUSH_LOG_DEBUG);
    assert_string_equal(settings->allow_origins[0], "//a.org");
    assert_string_equal(settings->allow_origins[1], "https://*.b.org");
    assert_null(settings->allow_origins[2]);
    assert_string_equal(settings->database, "host=/run/x dbname='a b'");
    assert_true(settings->strict_channels);
    assert_string_equal(settings->token_issuer, "");
    assert_string_equal(settings->path, "/a/b");
    assert_int_equal(settings->drain_time, 3000); /* a default */
    push_settings_free(settings);
}

static void bad_files(void **state)
{
    static const struct {
        const char *text;
        const char *why; /* part of what is said */
    } cases[] = {
        { "idle_tme = 1s\n", ":1: there is no setting 'idle_tme'" },
        { "\n\nidle_time\n", ":3: idle_time needs '='" },
        { "idle_time 1s\n", ":1: idle_time needs '='" },
        { "= 1s\n", "there is no setting ''" },
        { "idle_time = 1s\nidle_time = 1s\n", ":2: idle_time is said twice" },
        { "idle-time = 1s\nidle_time = 1s\n", ":2: idle_time is said twice" },
        { "idle_time = 1\n", ":1: idle_time must be a number with ms, s, min or h" },
        { "idle_time = 999ms\n", "from 1s to 24h, not '999ms'" },
        { "idle_time = 25h\n", "not '25h'" },
        { "idle_time = 1s # no comment here\n", "not '1s # no comment here'" },
        { "strict_channels = yes\n", "must be on or off" },
        { "listen_unix = relative\n", "must be an absolute path" },
        { "allow_origins = //a.org example.org\n", "must be a list of origins" },
        { "tls_key_file = /k\n", "belong together" },
        { "listen_tls = 127.0.0.1:1\n", "listen_tls needs" },
        { "listen_unix =\n", "is needed" },
        { "pushes_per_second = 100\npush_burst = 10\n", "push_burst must not be less" },
        { "listen_unix = /"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
          "longer than 107 bytes" },
    };
    char why[400];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const push_settings *settings = read_text(cases[i].text, NULL, 0, why, sizeof why);
        if (settings != NULL || strstr(why, cases[i].why) == NULL) {
            fail_msg("'%s': %s", cases[i].text, settings != NULL ? "accepted" : why);
        }
    }
}

static void bad_flags(void **state)
{
    static const char *const flags[] = {
        "--nothing=1", "--idle-time", "idle_time=1s", "--", "--idle_time=bad", "-idle_time=1s", "",
        "--=1"
    };
    static const char *const twice[] = { "--idle-time=1s", "--idle_time=2s" };
    char why[300], little[10];

    (void)state;
    for (size_t i = 0; i < COUNT(flags); i++) {
        why[0] = '\0';
        assert_null(push_settings_read(NULL, &flags[i], 1, why, sizeof why));
        assert_true(strlen(why) > 10);
    }
    assert_null(push_settings_read(NULL, twice, 2, why, sizeof why));
    assert_non_null(strstr(why, "said twice"));
    assert_null(push_settings_read("/nonexistent/file", NULL, 0, why, sizeof why));
    assert_non_null(strstr(why, "/nonexistent/file"));
    /* A reason never leaves its buffer. */
    assert_null(push_settings_read("/nonexistent/file", NULL, 0, little, sizeof little));
    assert_true(strlen(little) < sizeof little);
}

/* What the table has stands in alphabetical order, and its own defaults and limits are good. */
static void the_table(void **state)
{
    const push_setting *last = NULL;

    (void)state;
    for (const push_setting *it = push_settings_table; it->name != NULL; it++) {
        int64_t least, most, given;
        assert_true(last == NULL || strcmp(last->name, it->name) < 0);
        assert_ptr_equal(push_settings_table_find(it->name, strlen(it->name)), it);
        assert_null(push_settings_table_find(it->name, strlen(it->name) - 1));
        last = it;
        if (it->minimum == NULL) {
            continue;
        }
        assert_int_equal(push_settings_value_number(it->kind, it->minimum, &least), 0);
        assert_int_equal(push_settings_value_number(it->kind, it->maximum, &most), 0);
        assert_int_equal(push_settings_value_number(it->kind, it->by_default, &given), 0);
        assert_true(least <= given && given <= most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),     cmocka_unit_test(words),     cmocka_unit_test(texts),
        cmocka_unit_test(a_good_file), cmocka_unit_test(bad_files), cmocka_unit_test(bad_flags),
        cmocka_unit_test(the_table),
    };

    return unit_run("settings", tests, COUNT(tests));
}
