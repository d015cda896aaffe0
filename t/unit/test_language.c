/* SPDX-License-Identifier: Apache-2.0 */
/* Which Accept-Language headers prefer English, and that all others do not. */
#include "unit.h"

#include "flx_language.h"

static int prefers_english(const char *header, size_t length)
{
    char *copy = unit_copy(header, length);
    int answer = flx_language_prefers_english(copy, length);

    free(copy);
    return answer;
}

static void check_all(const char *const *headers, size_t count, int answer)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (prefers_english(headers[i], strlen(headers[i])) != answer) {
            fail_msg("'%s' is not %d", headers[i], answer);
        }
    }
}

static void sees_where_english_is_preferred(void **state)
{
    static const char *const headers[] = {
        "en",
        "EN",
        "en-US",
        "en-US,en;q=0.9",
        "en-US,en;q=0.9,zh-CN;q=0.8,zh;q=0.7",
        "zh;q=0.9, en",
        "zh;q=0.1,en;q=0.2",
        "en;q=0.001",
        "en;q=0.501,zh;q=0.5",
        "fr, de;q=0.9, en;q=0.1",
        "en, *;q=0.5",
        "en,zh;q=0",
        "en \t;\t Q=1.000 , zh ; q=0.999",
        ", ,en,,",
        "sl-rozaj-biske-1994,en",
        "en-GB;q=0.3,en;q=0.6,zh;q=0.5",
        "eng,zhx,en;q=0.1",
        "en,en-GB;q=0.1,zh;q=0.5",
    };

    (void)state;
    check_all(headers, sizeof headers / sizeof headers[0], 1);
}

static void answers_in_chinese_otherwise(void **state)
{
    static const char *const headers[] = {
        "",
        ",",
        "zh",
        "zh-CN,zh;q=0.9,en;q=0.8",
        "en,zh",
        "zh-Hant-TW,en-US",
        "en;q=0.5,ZH-cn;q=0.5",
        "*",
        "en,*",
        "en;q=0.8,*;q=0.9",
        "en;q=0",
        "en;q=0.0,fr",
        "fr",
        "eng",
        "e",
        "xx-en",
        "zh,zh-TW;q=0.1,en;q=0.5",
    };

    (void)state;
    check_all(headers, sizeof headers / sizeof headers[0], 0);
    assert_int_equal(flx_language_prefers_english(NULL, 0), 0);
}

static void answers_in_chinese_what_is_malformed(void **state)
{
    static const char *const headers[] = {
        "en;",     "en;q",         "en;q=",
        "en;q=2",  "en;q=1.001",   "en;q=0.1234",
        "en;q=.5", "en;q=-1",      "en;q= 1",
        "en;q =1", "en;level=1",   "en;q=1;q=1",
        "en zh",   "en_US",        "en-",
        "-en",     "en--US",       "english123",
        "en1",     "abcdefghi,en", "en,x-abcdefghi",
        "**,en",   "*-CN,en",      "en\n",
        "en,\x80", "en;q=0.5x",    "en/zh",
        "en\x7F",  "en,\"zh\"",    "en-\xE4\xBD\xA0",
    };

    (void)state;
    check_all(headers, sizeof headers / sizeof headers[0], 0);
    assert_int_equal(prefers_english("en\0", 3), 0);
    assert_int_equal(prefers_english("\0en", 3), 0);
}

static void bounds_the_length(void **state)
{
    char header[FLX_LANGUAGE_LENGTH + 1];

    (void)state;
    memset(header, ' ', sizeof header);
    header[0] = 'e';
    header[1] = 'n';
    assert_int_equal(prefers_english(header, FLX_LANGUAGE_LENGTH), 1);
    assert_int_equal(prefers_english(header, FLX_LANGUAGE_LENGTH + 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_where_english_is_preferred),
        cmocka_unit_test(answers_in_chinese_otherwise),
        cmocka_unit_test(answers_in_chinese_what_is_malformed),
        cmocka_unit_test(bounds_the_length),
    };

    return unit_run("language", tests, sizeof tests / sizeof tests[0]);
}
