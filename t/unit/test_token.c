/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: the form, the header and the claims of a JWT, judged strictly; and what is signed here. */
#include "jwt.h"

#include "flx_token.h"

#define NOW    INT64_C(1700000000000)
#define LEEWAY INT64_C(30000)
#define SECRET "0123456789abcdef0123456789abcdef"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define USER   "123e4567-e89b-12d3-a456-426614174000"
#define SUB    "\"sub\":\"" USER "\""
#define BASE   SUB ",\"exp\":1700000300"

static const flx_token_rules no_rules = { NULL, NULL, LEEWAY };
static const flx_token_rules strict = { "https://id.example", "flix \"im\"", LEEWAY };
static flx_keys *const *keys_of(void **state)
{
    return (flx_keys *const *)state;
}

static int verify(void **state, const flx_token_rules *rules, const jwt *token, flx_claims *claims,
                  const char **why)
{
    const flx_keys *keys = *keys_of(state);
    char *copy = unit_copy(token->at, token->length);
    int status = flx_token_verify(&keys, 1, rules, NOW, copy, token->length, claims, why);

    free(copy);
    return status;
}

/* Signs a header and a payload and expects a verdict: NULL for valid. */
static void judge(void **state, const flx_token_rules *rules, const char *header,
                  const char *payload, const char *expected)
{
    jwt token;
    flx_claims claims;
    const char *why = "?";
    int status;

    jwt_begin(&token, header, payload);
    jwt_mac(&token, SECRET, 32);
    memset(&claims, 7, sizeof claims);
    status = verify(state, rules, &token, &claims, &why);
    if (expected == NULL ? status != 0 : status != -1 || strcmp(why, expected) != 0) {
        fail_msg("%s %s: %d, %s", header, payload, status, why);
    }
    assert_int_equal(claims.is_system == 0x07070707, status != 0);
}

static int set_up(void **state)
{
    const char *why;

    *state = flx_keys_from_secret(SECRET, 32, &why);
    return *state == NULL;
}

static int tear_down(void **state)
{
    flx_keys_free(*state);
    return 0;
}

static void tells_a_jwt_from_an_opaque_token(void **state)
{
    (void)state;
    assert_true(flx_token_is_jwt("a.b.c", 5));
    assert_true(flx_token_is_jwt(".", 1));
    assert_false(flx_token_is_jwt("flx_abc", 7));
    assert_false(flx_token_is_jwt("", 0));
    assert_false(flx_token_is_jwt("abc.", 3));
}

static void judges_the_header(void **state)
{
    static const struct {
        const char *header;
        const char *why;
    } cases[] = {
        { HEADER, NULL },
        { "{\"alg\":\"HS256\"}", NULL },
        { " { \"typ\" : \"JWT\" ,\r\n\t\"alg\" : \"\\u0048S256\" } ", NULL },
        { "{\"alg\":\"HS256\",\"typ\":\"jwt\"}", NULL },
        { "{\"alg\":\"HS256\",\"typ\":\"at+JWT\"}", NULL },
        { "{\"alg\":\"HS256\",\"cty\":\"x\",\"x5t\":\"x\",\"other\":{\"crit\":1}}", NULL },
        { "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}", "header" },
        { "{\"alg\":\"HS256\",\"typ\":\"JWT \"}", "header" },
        { "{\"alg\":\"HS256\",\"typ\":\"dpop+jwt\"}", "header" },
        { "{\"alg\":\"HS256\",\"typ\":\"\"}", "header" },
        { "{\"alg\":\"HS256\",\"typ\":null}", "header" },
        { "{\"alg\":\"HS256\",\"typ\":[\"JWT\"]}", "header" },
        { "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", "header" },
        { "{\"alg\":\"HS256\",\"crit\":[]}", "header" },
        { "{\"alg\":\"HS256\",\"b64\":false}", "header" },
        { "{\"alg\":\"HS256\",\"b64\":true}", "header" },
        { "{\"alg\":\"HS256\",\"zip\":\"DEF\"}", "header" },
        { "{\"alg\":\"HS256\",\"jku\":\"https://evil.example/\"}", "header" },
        { "{\"alg\":\"HS256\",\"x5u\":\"https://evil.example/\"}", "header" },
        { "{\"alg\":\"HS256\",\"\\u006awk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", "header" },
        { "{\"alg\":\"HS256\",\"x5c\":[\"\"]}", "header" },
        { "{\"alg\":\"none\",\"alg\":\"HS256\"}", "header" },
        { "{\"alg\":\"HS256\",\"a\\u006cg\":\"none\"}", "header" },
        { "{\"alg\":\"HS256\",\"kid\":\"\\u0000\"}", "header" },
        { "{\"alg\":\"HS256\",\"x\":\"\xFF\"}", "header" },
        { "\xEF\xBB\xBF{\"alg\":\"HS256\"}", "header" },
        { "{\"alg\":\"HS256\"}x", "header" },
        { "{\"alg\":\"HS256\"", "header" },
        { "{'alg':'HS256'}", "header" },
        { "[\"alg\",\"HS256\"]", "algorithm" },
        { "\"HS256\"", "algorithm" },
        { "{}", "algorithm" },
        { "{\"alg\":256}", "algorithm" },
        { "{\"ALG\":\"HS256\"}", "algorithm" },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        judge(state, &no_rules, cases[i].header, "{" BASE "}", cases[i].why);
    }
}

static void judges_the_claims(void **state)
{
    static const struct {
        const char *payload;
        const char *why;
    } cases[] = {
        { "{" BASE "}", NULL },
        { "{\"exp\":1700000300,\"sub\":\"123E4567-E89B-12D3-A456-42661417400\\u0030\"}", NULL },
        { "{" BASE ",\"jti\":\"x\",\"roles\":[{\"exp\":1}]}", NULL },
        { "{\"exp\":1700000300}", "claims" },
        { "{" SUB "}", "claims" },
        { "{}", "claims" },
        { "[]", "claims" },
        { "1", "claims" },
        { "{\"exp\":1700000300,\"sub\":123}", "claims" },
        { "{\"exp\":1700000300,\"sub\":\"\"}", "claims" },
        { "{\"exp\":1700000300,\"sub\":\"alice\"}", "claims" },
        { "{\"exp\":1700000300,\"sub\":\"123e4567e89b12d3a456426614174000\"}", "claims" },
        { "{\"exp\":1700000300,\"sub\":\"{" USER "}\"}", "claims" },
        { "{\"exp\":1700000300,\"sub\":\"" USER "0\"}", "claims" },
        { "{\"exp\":1700000300,\"sub\":[\"" USER "\"]}", "claims" },
        { "{" BASE ",\"sub\":\"" USER "\"}", "claims" },
        { "{" BASE ",\"\\u0065xp\":1800000000}", "claims" },
        { "{" BASE "}}", "claims" },
        { "{" BASE ",\"x\":\"\\ud800\"}", "claims" },
        { "{" BASE ",\"scope\":[\"system\"]}", "claims" },
        { "{" BASE ",\"scope\":null}", "claims" },
        { "{" BASE ",\"nbf\":\"1700000000\"}", "claims" },
        { "{" BASE ",\"nbf\":null}", "claims" },
        { "{" BASE ",\"iat\":true}", "claims" },
        { "{" BASE ",\"iat\":-1}", "claims" },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        judge(state, &no_rules, HEADER, cases[i].payload, cases[i].why);
    }
}

static const struct {
    const char *date;
    flx_time time; /* -1: refused */
} dates[] = {
    { "1700000300", INT64_C(1700000300000) },
    { "1700000300.0", INT64_C(1700000300000) },
    { "1700000300.1", INT64_C(1700000300100) },
    { "1700000300.123", INT64_C(1700000300123) },
    { "1700000300.1239", INT64_C(1700000300123) },
    { "1700000300.999999999999999999999999", INT64_C(1700000300999) },
    { "17000003e2", INT64_C(1700000300000) },
    { "1.7000003E9", INT64_C(1700000300000) },
    { "1.7000003e+09", INT64_C(1700000300000) },
    { "17000003001e-1", INT64_C(1700000300100) },
    { "17000003001234e-4", INT64_C(1700000300123) },
    { "0.0000000017000003e18", INT64_C(1700000300000) },
    { "253402300799", INT64_C(253402300799000) },
    { "253402300799.999", FLX_TIME_MAX },
    { "253402300800", -1 },
    { "1700000300000", -1 }, /* milliseconds */
    { "9223372036854775807", -1 },
    { "9223372036854775808", -1 },
    { "18446744073709551616", -1 },
    { "18446744075409551917", -1 },
    { "1e12", -1 },
    { "1e99", -1 },
    { "1e308", -1 },
    { "1e325", -1 },
    { "1e-325", -1 },
    { "1000000000000000000000000000000000000000", -1 },
    { "-1", -1 },
    { "-1700000300", -1 },
    { "-0", -1 },
    { "\"1700000300\"", -1 },
    { "\"\"", -1 },
    { "null", -1 },
    { "true", -1 },
    { "[1700000300]", -1 },
    { "{}", -1 },
    { "01700000300", -1 },
    { "+1700000300", -1 },
    { "0x6553F22C", -1 },
    { "1700000300.", -1 },
    { "Infinity", -1 },
    { "NaN", -1 },
};

static void reads_numeric_dates_digit_by_digit(void **state)
{
    char payload[200];
    size_t i;

    for (i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        jwt token;
        flx_claims claims;
        const char *why = "?";
        int status;
        snprintf(payload, sizeof payload, "{" SUB ",\"exp\":%s}", dates[i].date);
        jwt_begin(&token, HEADER, payload);
        jwt_mac(&token, SECRET, 32);
        status = verify(state, &no_rules, &token, &claims, &why);
        if (dates[i].time < 0 ? status != -1 || strcmp(why, "claims") != 0
                              : status != 0 || claims.expires_at != dates[i].time) {
            fail_msg("%s: %d, %s", dates[i].date, status, why);
        }
    }
    /* Long ago, but a date. */
    judge(state, &no_rules, HEADER, "{" SUB ",\"exp\":0}", "expired");
    judge(state, &no_rules, HEADER, "{" SUB ",\"exp\":0.0001}", "expired");
    judge(state, &no_rules, HEADER, "{" SUB ",\"exp\":1e-308}", "expired");
}

static void grants_the_leeway_and_no_more(void **state)
{
    static const flx_token_rules exact = { NULL, NULL, 0 };

    judge(state, &no_rules, HEADER, "{" SUB ",\"exp\":1699999970.001}", NULL);
    judge(state, &no_rules, HEADER, "{" SUB ",\"exp\":1699999970}", "expired");
    judge(state, &exact, HEADER, "{" SUB ",\"exp\":1700000000.001}", NULL);
    judge(state, &exact, HEADER, "{" SUB ",\"exp\":1700000000}", "expired");
    judge(state, &no_rules, HEADER, "{" BASE ",\"nbf\":1700000030}", NULL);
    judge(state, &no_rules, HEADER, "{" BASE ",\"nbf\":1700000030.001}", "not_before");
    judge(state, &exact, HEADER, "{" BASE ",\"nbf\":1700000000}", NULL);
    judge(state, &exact, HEADER, "{" BASE ",\"nbf\":1700000000.001}", "not_before");
    judge(state, &no_rules, HEADER, "{" BASE ",\"iat\":1700000030}", NULL);
    judge(state, &no_rules, HEADER, "{" BASE ",\"iat\":1700000030.001}", "issued_at");
    judge(state, &exact, HEADER, "{" BASE ",\"iat\":1700000000}", NULL);
    judge(state, &exact, HEADER, "{" BASE ",\"iat\":1700000000.001}", "issued_at");
}

static void wants_issuer_and_audience_by_the_rules(void **state)
{
#define ISS ",\"iss\":\"https:\\/\\/id.example\""
#define AUD ",\"aud\":\"flix \\\"im\\\"\""
    static const struct {
        const char *payload;
        const char *why;
    } cases[] = {
        { "{" BASE ISS AUD "}", NULL },
        { "{" BASE ISS ",\"aud\":[\"x\",\"flix \\\"im\\\"\"]}", NULL },
        { "{" BASE ISS ",\"aud\":[1,\"flix \\\"im\\\"\"]}", NULL },
        { "{" BASE AUD "}", "issuer" },
        { "{" BASE AUD ",\"iss\":\"https://id.example/\"}", "issuer" },
        { "{" BASE AUD ",\"iss\":\"https://id.exampl\"}", "issuer" },
        { "{" BASE AUD ",\"iss\":\"\"}", "issuer" },
        { "{" BASE AUD ",\"iss\":null}", "issuer" },
        { "{" BASE AUD ",\"iss\":[\"https://id.example\"]}", "issuer" },
        { "{" BASE ISS "}", "audience" },
        { "{" BASE ISS ",\"aud\":\"flix\"}", "audience" },
        { "{" BASE ISS ",\"aud\":\"Flix \\\"im\\\"\"}", "audience" },
        { "{" BASE ISS ",\"aud\":[]}", "audience" },
        { "{" BASE ISS ",\"aud\":[\"x\"]}", "audience" },
        { "{" BASE ISS ",\"aud\":[[\"flix \\\"im\\\"\"]]}", "audience" },
        { "{" BASE ISS ",\"aud\":{\"x\":\"flix \\\"im\\\"\"}}", "audience" },
        { "{" BASE ISS ",\"aud\":null}", "audience" },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        judge(state, &strict, HEADER, cases[i].payload, cases[i].why);
        judge(state, &no_rules, HEADER, cases[i].payload, NULL);
    }
}

static void finds_system_among_the_scopes(void **state)
{
    static const struct {
        const char *scope;
        int is_system;
    } cases[] = {
        { "system", 1 },
        { "openid system", 1 },
        { "system openid", 1 },
        { "  a  system  ", 1 },
        { "s\\u0079stem", 1 },
        { "", 0 },
        { " ", 0 },
        { "systems", 0 },
        { "System", 0 },
        { "ecosystem", 0 },
        { "system:read", 0 },
        { "system,openid", 0 },
        { "a\\tsystem", 0 },
    };
    char payload[200];
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        jwt token;
        flx_claims claims;
        const char *why = "?";
        snprintf(payload, sizeof payload, "{" BASE ",\"scope\":\"%s\"}", cases[i].scope);
        jwt_begin(&token, HEADER, payload);
        jwt_mac(&token, SECRET, 32);
        assert_int_equal(verify(state, &no_rules, &token, &claims, &why), 0);
        assert_int_equal(claims.is_system, cases[i].is_system);
    }
}

/* What a good token turns into when its form is touched. */
static void takes_one_form_only(void **state)
{
    static const char *const forms[] = {
        "",           ".",         "..",
        "...",        "%H",        "%H.%P",
        "%H.%P.",     ".%P.%S",    "%H..%S",
        "%H.%P.%S.",  ".%H.%P.%S", "%H.%P.%S.%S",
        "%H.%P.%S=",  "%H=.%P.%S", " %H.%P.%S",
        "%H.%P.%S ",  "%H.%P. %S", "%H.%P.%S\n",
        "%H.%P\n.%S", "%H.%P.%S+", "%H.%P.%S%S%S%S",
        "%H.%H.%S",   "%P.%H.%S",  "Bearer %H.%P.%S",
    };
    jwt good;
    flx_claims claims;
    const char *why, *dot[2];
    size_t i;

    jwt_begin(&good, HEADER, "{" BASE "}");
    jwt_mac(&good, SECRET, 32);
    assert_int_equal(verify(state, &no_rules, &good, &claims, &why), 0);
    good.at[good.length] = '\0';
    dot[0] = strchr(good.at, '.');
    dot[1] = strrchr(good.at, '.');
    for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        jwt bad = { .length = 0 };
        const char *c;
        for (c = forms[i]; *c != '\0'; c++) {
            const char *part = c[1] == 'H' ? good.at : c[1] == 'P' ? dot[0] + 1 : dot[1] + 1;
            char piece[1000] = "";
            if (*c == '%') {
                memcpy(piece, part, strcspn(part, "."));
                c++;
            }
            else {
                piece[0] = *c;
            }
            jwt_add(&bad, piece);
        }
        if (verify(state, &no_rules, &bad, &claims, &why) != -1) {
            fail_msg("%s was taken", forms[i]);
        }
    }
}

/* Any one character changed, spare bits among them, and any cut. */
static void survives_no_change_at_all(void **state)
{
    jwt good, bad;
    flx_claims claims;
    const char *why;
    size_t i;

    jwt_begin(&good, HEADER, "{" BASE "}");
    jwt_mac(&good, SECRET, 32);
    for (i = 0; i < good.length; i++) {
        static const char letters[] = "ABab01-_.=+ \n";
        const char *letter;
        for (letter = letters; *letter != '\0'; letter++) {
            bad = good;
            bad.at[i] = *letter;
            if (*letter != good.at[i] && verify(state, &no_rules, &bad, &claims, &why) != -1) {
                fail_msg("character %zu may be '%c'", i, *letter);
            }
        }
        bad = good;
        bad.length = i;
        assert_int_equal(verify(state, &no_rules, &bad, &claims, &why), -1);
    }
}

static void bounds_the_length(void **state)
{
    char payload[4000];
    jwt token;
    flx_claims claims;
    const char *why = "?";
    int i;

    /* 37 characters of header with its dot, 44 of signature: 4015 remain, 3011 bytes. */
    for (i = 3009; i <= 3013; i++) {
        snprintf(payload, sizeof payload, "{" BASE ",\"x\":\"%0*d\"}", i - 73, 0);
        jwt_begin(&token, HEADER, payload);
        jwt_mac(&token, SECRET, 32);
        assert_int_equal(verify(state, &no_rules, &token, &claims, &why),
                         token.length <= FLX_TOKEN_LENGTH ? 0 : -1);
        if (token.length > FLX_TOKEN_LENGTH) {
            assert_string_equal(why, "length");
        }
    }
    assert_true(token.length <= 4100);
    memset(token.at, 'a', sizeof token.at);
    token.length = FLX_TOKEN_LENGTH;
    assert_int_equal(verify(state, &no_rules, &token, &claims, &why), -1);
    assert_string_equal(why, "form");
}

static void reads_what_it_signs(void **state)
{
    static const flx_claims cases[] = {
        { .issued_at = NOW, .expires_at = NOW + 300000 },
        { .issued_at = NOW, .expires_at = NOW + 300000, .is_system = 1 },
        { .issued_at = NOW - 1, .expires_at = NOW + 1 },
        { .issued_at = NOW - 900, .expires_at = NOW + 20 },
        { .issued_at = FLX_TIME_MIN, .expires_at = FLX_TIME_MAX },
        { .issued_at = 0, .expires_at = NOW + 1 },
    };
    const flx_token_rules *const rules[] = { &no_rules, &strict };
    size_t i;

    for (i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        flx_claims written = cases[i / 2], read;
        const char *why = "?";
        flx_buffer token;
        jwt copy = { .length = 0 };
        assert_int_equal(flx_uuid_read(&written.user_id, USER, 36), 0);
        flx_buffer_init(&token, 10000);
        flx_buffer_add_text(&token, "Bearer ");
        assert_int_equal(flx_token_sign(*keys_of(state), rules[i % 2], &written, &token), 0);
        memcpy(copy.at, token.at + 7, token.length - 7);
        copy.length = token.length - 7;
        assert_int_equal(verify(state, rules[i % 2], &copy, &read, &why), 0);
        assert_memory_equal(&read.user_id, &written.user_id, sizeof read.user_id);
        assert_int_equal(read.issued_at, written.issued_at);
        assert_int_equal(read.expires_at, written.expires_at);
        assert_int_equal(read.is_system, written.is_system);
        flx_buffer_free(&token);
    }
}

/* What others read, to the letter. */
static void writes_whole_seconds_as_whole_numbers(void **state)
{
    flx_claims claims = { .issued_at = NOW, .expires_at = NOW + 300020, .is_system = 1 };
    flx_buffer token;
    jwt expected;

    assert_int_equal(flx_uuid_read(&claims.user_id, USER, 36), 0);
    flx_buffer_init(&token, FLX_TOKEN_LENGTH);
    assert_int_equal(flx_token_sign(*keys_of(state), &strict, &claims, &token), 0);
    jwt_begin(&expected, HEADER,
              "{\"sub\":\"" USER "\",\"iat\":1700000000,\"exp\":1700000300.020,"
              "\"iss\":\"https://id.example\",\"aud\":\"flix \\\"im\\\"\",\"scope\":\"system\"}");
    jwt_mac(&expected, SECRET, 32);
    assert_int_equal(token.length, expected.length);
    assert_memory_equal(token.at, expected.at, expected.length);
    flx_buffer_free(&token);
}

static void signs_nothing_that_would_not_be_read(void **state)
{
    static char long_text[4000];
    flx_token_rules rules = { long_text, NULL, 0 };
    flx_claims claims = { .issued_at = NOW, .expires_at = NOW + 1000 };
    flx_buffer token;
    size_t i;

    memset(long_text, 'x', sizeof long_text - 1);
    flx_buffer_init(&token, 10000);
    /* Up to the last that fits. */
    for (i = 2850; i < 2950; i++) {
        const char *why = "?";
        flx_claims read;
        jwt copy = { .length = 0 };
        rules.issuer = long_text + sizeof long_text - 1 - i;
        if (flx_token_sign(*keys_of(state), &rules, &claims, &token) != 0) {
            break;
        }
        assert_true(token.length <= FLX_TOKEN_LENGTH);
        memcpy(copy.at, token.at, token.length);
        copy.length = token.length;
        assert_int_equal(verify(state, &rules, &copy, &read, &why), 0);
        flx_buffer_free(&token);
    }
    assert_true(i > 2850 && i < 2950);
    rules.issuer = NULL;
    claims.expires_at = FLX_TIME_MAX + 1;
    assert_int_equal(flx_token_sign(*keys_of(state), &rules, &claims, &token), -1);
    claims.expires_at = -1;
    assert_int_equal(flx_token_sign(*keys_of(state), &rules, &claims, &token), -1);
    claims.expires_at = NOW;
    claims.issued_at = -1;
    assert_int_equal(flx_token_sign(*keys_of(state), &rules, &claims, &token), -1);
    assert_int_equal(token.length, 0);
    flx_buffer_free(&token);
    flx_buffer_init(&token, 100);
    claims.issued_at = NOW;
    assert_int_equal(flx_token_sign(*keys_of(state), &rules, &claims, &token), -1);
    flx_buffer_free(&token);
}

/* FIPS 180-2, appendix B.1. */
static void digests_with_sha_256(void **state)
{
    static const unsigned char expected[32] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    unsigned char digest[FLX_TOKEN_DIGEST];

    (void)state;
    flx_token_digest("abc", 3, digest);
    assert_memory_equal(digest, expected, sizeof digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_jwt_from_an_opaque_token),
        cmocka_unit_test(judges_the_header),
        cmocka_unit_test(judges_the_claims),
        cmocka_unit_test(reads_numeric_dates_digit_by_digit),
        cmocka_unit_test(grants_the_leeway_and_no_more),
        cmocka_unit_test(wants_issuer_and_audience_by_the_rules),
        cmocka_unit_test(finds_system_among_the_scopes),
        cmocka_unit_test(takes_one_form_only),
        cmocka_unit_test(survives_no_change_at_all),
        cmocka_unit_test(bounds_the_length),
        cmocka_unit_test(reads_what_it_signs),
        cmocka_unit_test(writes_whole_seconds_as_whole_numbers),
        cmocka_unit_test(signs_nothing_that_would_not_be_read),
        cmocka_unit_test(digests_with_sha_256),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("token", tests, set_up, tear_down);
}
