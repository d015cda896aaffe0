/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens are found in a query wherever they stand and however their name is spelt. */
#include "unit.h"

#include "flx_url_token.h"

/* Compares what is left of a query with "*" in the place of each token. */
static void check(const char *query, const char *expected)
{
    size_t length = strlen(query);
    char *copy = unit_copy(query, length);
    char left[200] = "";
    const char *at = copy;
    flx_slice value;

    while (flx_url_token_find(at, (size_t)(copy + length - at), &value)) {
        assert_true(value.length > 0);
        strncat(left, at, (size_t)(value.at - at));
        left[strlen(left)] = '*';
        at = value.at + value.length;
    }
    strncat(left, at, (size_t)(copy + length - at));
    assert_string_equal(left, expected);
    free(copy);
}

static void finds_tokens(void **state)
{
    (void)state;
    check("token=abc", "token=*");
    check("access_token=abc", "access_token=*");
    check("vsn=2.0.0&token=abc", "vsn=2.0.0&token=*");
    check("token=abc&vsn=2.0.0", "token=*&vsn=2.0.0");
    check("token=a&token=b&access_token=c", "token=*&token=*&access_token=*");
    check("token=a=b==&x=y", "token=*&x=y");
    check("token=a;b&x=y", "token=*&x=y");
    check("x=y;token=a", "x=y;token=*");
    check("token==", "token=*");
    check("to=/x?token=a&b=c", "to=/x?token=*&b=c");
    check("x#token=a", "x#token=*");
    check("&&token=a&&", "&&token=*&&");
    check("token=token=a", "token=*");
}

static void decodes_names(void **state)
{
    (void)state;
    check("%74oken=a", "%74oken=*");
    check("%74%6F%6b%65%6e=a", "%74%6F%6b%65%6e=*");
    check("access%5Ftoken=a", "access%5Ftoken=*");
    check("TOKEN=a&Access_Token=b", "TOKEN=*&Access_Token=*");
    check("%54oken=a", "%54oken=*");
}

static void leaves_others(void **state)
{
    static const char *const cases[] = {
        "",
        "token",
        "token=",
        "token=&x=y",
        "tokens=a",
        "atoken=a",
        "to=ken=a",
        "x=token",
        "x=y=token=a",
        "=token",
        "%7token=a",
        "%2574oken=a",
        "t%6",
        "%",
        "token%3Da",
        "x%26token=a",
        "token%00=a",
        "access token=a",
        "tok&en=a",
        "csrf_token=a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(cases[i], cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_tokens),
        cmocka_unit_test(decodes_names),
        cmocka_unit_test(leaves_others),
    };

    return unit_run("url_token", tests, sizeof tests / sizeof tests[0]);
}
