/* SPDX-License-Identifier: Apache-2.0 */
/* The encryption of Web Push: the RFCs' own examples to the byte, and what a browser reads of anything else. */
/* With pushd: web_push_cipher.c */
#include "browser.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "flx_base64url.h"
#include "web_push_cipher.h"

/* RFC 8291, section 5 and appendix A. */
#define TEXT "When I grow up, I want to be a watermelon"
#define SERVER                                                                                     \
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
#define SERVER_D "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define BROWSER                                                                                    \
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define SECRET "BTBZMqHH6r4Tts7J_aSIgg"
#define SALT   "DGv6ra1nlYgDCS1FRnbzlw"
#define BODY                                                                                       \
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS" \
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu" \
    "lcy4a-fN"

static bytes decoded(const char *text)
{
    bytes made;

    assert_int_equal(
        flx_base64url_decode(text, strlen(text), made.at, sizeof made.at, &made.length), 0);
    return made;
}

static flx_slice slice_of(const bytes *from)
{
    flx_slice made = { (const char *)from->at, from->length };

    return made;
}

/* A key pair of both its halves. */
static EVP_PKEY *key_of(const char *private_half, const char *public_half)
{
    bytes d = decoded(private_half), point = decoded(public_half);
    BIGNUM *number = BN_bin2bn(d.at, (int)d.length, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *parameters;
    EVP_PKEY *key = NULL;

    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.at, point.length);
    parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(EVP_PKEY_fromdata_init(context), 1);
    assert_int_equal(EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters), 1);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(number);
    return key;
}

static void expect_encoded(const flx_buffer *body, const char *expected)
{
    char text[1000];

    assert_true(FLX_BASE64URL_TEXT(body->length) < sizeof text);
    text[flx_base64url_encode(body->at, body->length, text)] = '\0';
    assert_string_equal(text, expected);
}

static void knows_the_example_of_rfc_8291(void **state)
{
    bytes browser = decoded(BROWSER), secret = decoded(SECRET), salt = decoded(SALT);
    push_web_push_cipher_chance chance = { key_of(SERVER_D, SERVER), { 0 } };
    flx_slice text = { TEXT, strlen(TEXT) };
    flx_buffer body;

    (void)state;
    memcpy(chance.salt, salt.at, sizeof chance.salt);
    flx_buffer_init(&body, 4096);
    assert_int_equal(
        push_web_push_cipher_write(&body, text, 0, slice_of(&browser), slice_of(&secret), &chance),
        0);
    expect_encoded(&body, BODY);
    flx_buffer_free(&body);
    push_web_push_cipher_forget(&chance);
}

/* RFC 8188, section 3.1. */
static void knows_the_example_of_rfc_8188(void **state)
{
    static const char walrus[] = "I am the walrus";
    bytes key = decoded("yqdlZ-tYemfogSmv7Ws5PQ"), salt = decoded("I1BsxtFttlv3u_Oo94xnmw");
    flx_slice text = { walrus, strlen(walrus) }, no_id = { "", 0 };
    flx_buffer body;

    (void)state;
    flx_buffer_init(&body, 4096);
    assert_int_equal(push_web_push_cipher_encode(&body, text, 0, slice_of(&key), no_id, salt.at),
                     0);
    expect_encoded(&body,
                   "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg");
    flx_buffer_free(&body);
}

static void browsers_read_it(void **state)
{
    static const struct {
        size_t length;
        size_t padded;
        size_t expected; /* with padding */
    } cases[] = {
        { 0, 0, 1 },          { 0, 256, 256 },      { 1, 0, 2 },          { 255, 256, 256 },
        { 256, 256, 257 },    { 3000, 3072, 3072 }, { 3992, 4096, 3994 }, { 3993, 0, 3994 },
        { 3993, 4096, 3994 }, { 17, 9999, 3994 },
    };
    EVP_PKEY *browser = EVP_EC_gen("P-256");
    bytes point, secret = { .length = 16 }, text;
    char plain[PUSH_WEB_PUSH_CIPHER_TEXT];

    (void)state;
    assert_int_equal(EVP_PKEY_get_octet_string_param(browser, OSSL_PKEY_PARAM_PUB_KEY, point.at,
                                                     sizeof point.at, &point.length),
                     1);
    memset(secret.at, 7, 16);
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (char)(i % 251 + 1);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        push_web_push_cipher_chance chance;
        flx_slice given = { plain, cases[i].length };
        flx_buffer body;

        flx_buffer_init(&body, 4096);
        assert_int_equal(push_web_push_cipher_draw(&chance), 0);
        assert_int_equal(push_web_push_cipher_write(&body, given, cases[i].padded, slice_of(&point),
                                                    slice_of(&secret), &chance),
                         0);
        push_web_push_cipher_forget(&chance);
        assert_int_equal(browser_opens(browser, &point, &secret, &body, &text), cases[i].expected);
        assert_int_equal(text.length, cases[i].length);
        assert_memory_equal(text.at, plain, text.length);
        flx_buffer_free(&body);
    }
    EVP_PKEY_free(browser);
}

static void draws_anew_each_time(void **state)
{
    push_web_push_cipher_chance first, second;

    (void)state;
    assert_int_equal(push_web_push_cipher_draw(&first), 0);
    assert_int_equal(push_web_push_cipher_draw(&second), 0);
    assert_memory_not_equal(first.salt, second.salt, sizeof first.salt);
    assert_int_not_equal(EVP_PKEY_eq(first.key, second.key), 1);
    push_web_push_cipher_forget(&first);
    push_web_push_cipher_forget(&second);
}

/* Clients name their keys themselves. */
static void refuses_keys_that_are_none(void **state)
{
    bytes browser = decoded(BROWSER), secret = decoded(SECRET);
    push_web_push_cipher_chance chance;
    flx_slice text = { TEXT, strlen(TEXT) };
    static const struct {
        const char *what;
        size_t point_length, secret_length;
        int place; /* of the point; its byte becomes value. -1: all behind the first do */
        unsigned char value;
        int status;
    } cases[] = {
        { "as it is", 65, 16, 0, 4, 0 },
        { "no point", 0, 16, 0, 4, 1 },
        { "cut", 64, 16, 0, 4, 1 },
        { "longer", 66, 16, 0, 4, 1 },
        { "infinity", 1, 16, 0, 0, 1 },
        { "compressed", 33, 16, 0, 2, 1 },
        { "a compressed mark", 65, 16, 0, 2, 1 },
        { "a hybrid mark", 65, 16, 0, 6, 1 },
        { "not on the curve", 65, 16, 64, 0, 1 },
        { "zero", 65, 16, -1, 0, 1 },
        { "beyond the field", 65, 16, -1, 0xFF, 1 },
        { "no secret", 65, 0, 0, 4, 1 },
        { "a secret cut", 65, 15, 0, 4, 1 },
        { "a longer secret", 65, 17, 0, 4, 1 },
    };

    (void)state;
    assert_int_equal(push_web_push_cipher_draw(&chance), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes point = browser;
        char *given, *given_secret;
        flx_slice at, at_secret;
        flx_buffer body;
        int status;

        if (cases[i].place < 0) {
            memset(point.at + 1, cases[i].value, 64);
        }
        else {
            point.at[cases[i].place] = cases[i].value;
        }
        given = unit_copy((const char *)point.at, cases[i].point_length);
        given_secret = unit_copy((const char *)secret.at, cases[i].secret_length);
        at = (flx_slice){ given, cases[i].point_length };
        at_secret = (flx_slice){ given_secret, cases[i].secret_length };
        flx_buffer_init(&body, 4096);
        status = push_web_push_cipher_write(&body, text, 0, at, at_secret, &chance);
        if (status != cases[i].status) {
            fail_msg("%s: %d", cases[i].what, status);
        }
        assert_int_equal(body.length == 0, status != 0);
        flx_buffer_free(&body);
        free(given);
        free(given_secret);
    }
    assert_int_equal(ERR_peek_error(), 0);
    push_web_push_cipher_forget(&chance);
}

static void refuses_what_does_not_fit(void **state)
{
    static const char plain[PUSH_WEB_PUSH_CIPHER_TEXT + 1];
    bytes browser = decoded(BROWSER), secret = decoded(SECRET);
    flx_slice longer = { plain, sizeof plain }, fits = { plain, sizeof plain - 1 };
    push_web_push_cipher_chance chance;
    flx_buffer body;

    (void)state;
    assert_int_equal(push_web_push_cipher_draw(&chance), 0);
    flx_buffer_init(&body, 4096);
    assert_int_equal(push_web_push_cipher_write(&body, longer, 0, slice_of(&browser),
                                                slice_of(&secret), &chance),
                     -1);
    assert_int_equal(
        push_web_push_cipher_write(&body, fits, 0, slice_of(&browser), slice_of(&secret), &chance),
        0);
    assert_int_equal(body.length, 4096);
    flx_buffer_free(&body);
    flx_buffer_init(&body, 4095);
    assert_int_equal(
        push_web_push_cipher_write(&body, fits, 0, slice_of(&browser), slice_of(&secret), &chance),
        -1);
    flx_buffer_free(&body);
    push_web_push_cipher_forget(&chance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_example_of_rfc_8291),
        cmocka_unit_test(knows_the_example_of_rfc_8188),
        cmocka_unit_test(browsers_read_it),
        cmocka_unit_test(draws_anew_each_time),
        cmocka_unit_test(refuses_keys_that_are_none),
        cmocka_unit_test(refuses_what_does_not_fit),
    };

    return unit_run("web_push_cipher", tests, sizeof tests / sizeof *tests);
}
