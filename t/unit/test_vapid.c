/* SPDX-License-Identifier: Apache-2.0 */
/* VAPID: the example of RFC 8292, and tokens that are kept for as long as they are good. */
/* With pushd: vapid.c signer.c key_file.c */
#include "jwt.h"

#include "flx_base64url.h"
#include "flx_buffer.h"
#include "flx_keys.h"
#include "vapid.h"

/* RFC 8292, section 2.4. */
#define ORIGIN  "https://push.example.net"
#define SUBJECT "mailto:push@example.com"
#define EXPIRES INT64_C(1453523768)
#define TOLD                                                                                       \
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9."                                                        \
    "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNo" \
    "QGV4YW1wbGUuY29tIn0"
#define SIGNATURE                                                                                  \
    "i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"
#define KEY                                                                                        \
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"

#define HOUR INT64_C(3600)

/* Whether a token, and nothing behind it, is signed by a key that is given as Web Push gives it. */
static int is_signed(const char *token, size_t length, const char *key)
{
    unsigned char point[65], signature[64];
    size_t decoded;
    const char *why, *dot = token + length - 1 - FLX_BASE64URL_TEXT(64);
    flx_signed parts = { { token, length }, { "ES256", 5 }, { NULL, 0 }, 64 };
    flx_keys *keys;
    jwt set = { .length = 0 };
    int is_good;

    assert_int_equal(*dot, '.');
    assert_int_equal(flx_base64url_decode(dot + 1, (size_t)(token + length - dot - 1), signature,
                                          sizeof signature, &decoded),
                     0);
    assert_int_equal(decoded, 64);
    assert_int_equal(flx_base64url_decode(key, strlen(key), point, sizeof point, &decoded), 0);
    assert_int_equal(decoded, 65);
    jwt_add(&set, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    jwt_encode(&set, point + 1, 32);
    jwt_add(&set, "\",\"y\":\"");
    jwt_encode(&set, point + 33, 32);
    jwt_add(&set, "\"}]}");
    keys = flx_keys_from_jwks(set.at, set.length, &why);
    assert_non_null(keys);
    is_good = flx_keys_verify((const flx_keys *const *)&keys, 1, &parts, &why) == 0;
    flx_keys_free(keys);
    return is_good;
}

static push_vapid *open_vapid(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    push_signer *signer;
    push_vapid *vapid;
    char why[100], *text;
    long size;

    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    size = BIO_get_mem_data(bio, &text);
    signer = push_signer_from_pem(text, (size_t)size, PUSH_SIGNER_ES256, why, sizeof why);
    assert_non_null(signer);
    vapid = push_vapid_open(signer, SUBJECT);
    assert_non_null(vapid);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return vapid;
}

static const char *header_of(push_vapid *vapid, const char *origin, int64_t now)
{
    flx_slice given = { origin, strlen(origin) };
    const char *header = push_vapid_header(vapid, given, now);

    assert_non_null(header);
    return header;
}

/* What we verify with finds the example's own signature good. */
static void knows_the_example_of_rfc_8292(void **state)
{
    static const char token[] = TOLD "." SIGNATURE, other[] = TOLD "x." SIGNATURE;

    (void)state;
    assert_true(is_signed(token, strlen(token), KEY));
    assert_false(is_signed(other, strlen(other), KEY));
}

static void says_what_the_example_says(void **state)
{
    static const char begin[] = "vapid t=" TOLD ".", middle[] = ", k=";
    push_vapid *vapid = open_vapid();
    const char *header = header_of(vapid, ORIGIN, EXPIRES - 12 * HOUR), *token = header + 8, *end;

    (void)state;
    assert_int_equal(strncmp(header, begin, strlen(begin)), 0);
    end = strstr(header, middle);
    assert_non_null(end);
    assert_string_equal(end + strlen(middle), push_vapid_public_key(vapid));
    assert_true(is_signed(token, (size_t)(end - token), push_vapid_public_key(vapid)));
    push_vapid_free(vapid);
    push_vapid_free(NULL);
}

/* Signatures differ each time, which shows whether one was made. */
static void keeps_a_token_until_an_hour_before_its_end(void **state)
{
    static const struct {
        int64_t at;
        int is_new;
    } cases[] = {
        { 1000000, 1 },
        { 1000000, 0 },
        { 1000000 + 11 * HOUR - 1, 0 },
        { 1000000 + 11 * HOUR, 1 },
        { 1000000 + 22 * HOUR - 1, 0 },
        /* The clock is put back. */
        { 1000000 + 11 * HOUR - 1, 1 },
        { 1000000 + 22 * HOUR - 2, 0 },
    };
    push_vapid *vapid = open_vapid();
    char before[1000] = "";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *header = header_of(vapid, ORIGIN, cases[i].at);

        if ((strcmp(header, before) != 0) != cases[i].is_new) {
            fail_msg("case %zu", i);
        }
        snprintf(before, sizeof before, "%s", header);
    }
    push_vapid_renew(vapid);
    assert_string_not_equal(header_of(vapid, ORIGIN, cases[0].at), before);
    push_vapid_free(vapid);
}

static void keeps_a_token_for_each_service_but_not_for_all(void **state)
{
    push_vapid *vapid = open_vapid();
    char first[1000], second[1000], origin[40];

    (void)state;
    snprintf(first, sizeof first, "%s", header_of(vapid, "https://a", 1000));
    snprintf(second, sizeof second, "%s", header_of(vapid, "https://a:1", 1000));
    assert_string_not_equal(first, second);
    for (int i = 0; i < 40; i++) {
        snprintf(origin, sizeof origin, "https://%d", i);
        assert_non_null(header_of(vapid, origin, 1000));
        /* In use all the time. */
        assert_string_equal(header_of(vapid, "https://a", 1000), first);
    }
    assert_string_not_equal(header_of(vapid, "https://a:1", 1000), second);
    push_vapid_free(vapid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_example_of_rfc_8292),
        cmocka_unit_test(says_what_the_example_says),
        cmocka_unit_test(keeps_a_token_until_an_hour_before_its_end),
        cmocka_unit_test(keeps_a_token_for_each_service_but_not_for_all),
    };

    return unit_run("vapid", tests, sizeof tests / sizeof *tests);
}
