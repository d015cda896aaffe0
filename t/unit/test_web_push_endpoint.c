/* SPDX-License-Identifier: Apache-2.0 */
/* Where Web Push may go: to the listed hosts, by URLs that can be read one way only. */
/* With pushd: web_push_endpoint.c */
#include "unit.h"

#include "web_push_endpoint.h"

/* The URLs that are one, each with its origin. */
static void reads_urls(void **state)
{
    static const struct {
        const char *url;
        const char *origin;
        const char *host;
        int port;
        int is_tls;
    } cases[] = {
        { "https://push.example.net/p/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV", "https://push.example.net",
          "push.example.net", 443, 1 },
        { "https://fcm.googleapis.com/fcm/send/a:b-c_D~%20!", "https://fcm.googleapis.com",
          "fcm.googleapis.com", 443, 1 },
        { "https://wns2-am3p.notify.windows.com/w/?token=BQ%3d%3d&x=+/",
          "https://wns2-am3p.notify.windows.com", "wns2-am3p.notify.windows.com", 443, 1 },
        { "https://a/", "https://a", "a", 443, 1 },
        { "https://a:443/", "https://a", "a", 443, 1 },
        { "https://a:8443/p", "https://a:8443", "a", 8443, 1 },
        { "https://a:80/p", "https://a:80", "a", 80, 1 },
        { "https://192.0.2.1/p", "https://192.0.2.1", "192.0.2.1", 443, 1 },
        { "http://localhost/p", "http://localhost", "localhost", 80, 0 },
        { "http://localhost:80/p", "http://localhost", "localhost", 80, 0 },
        { "http://localhost:443/p", "http://localhost:443", "localhost", 443, 0 },
        { "http://127.0.0.1:65535/p", "http://127.0.0.1:65535", "127.0.0.1", 65535, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *url = unit_copy(cases[i].url, strlen(cases[i].url) + 1);
        push_web_push_endpoint endpoint;

        assert_int_equal(push_web_push_endpoint_read(&endpoint, url), 0);
        assert_int_equal(endpoint.origin.length, strlen(cases[i].origin));
        assert_memory_equal(endpoint.origin.at, cases[i].origin, endpoint.origin.length);
        assert_int_equal(endpoint.host.length, strlen(cases[i].host));
        assert_memory_equal(endpoint.host.at, cases[i].host, endpoint.host.length);
        assert_int_equal(endpoint.port, cases[i].port);
        assert_int_equal(endpoint.is_tls, cases[i].is_tls);
        free(url);
    }
}

static const char *const urls[] = {
    "",
    "h",
    "https",
    "https:",
    "https:/",
    "https://",
    "https:///",
    "https:///p",
    "//a/p",
    "a/p",
    "/p",
    "HTTPS://a/p",
    "https:\\\\a/p",
    "https:a/p",
    " https://a/p",
    "ftp://a/p",
    "file:///etc/passwd",
    "gopher://a/",
    "wss://a/p",
    "data:,",
    "https://a",
    "https://a?p",
    "https://a#p",
    "https://a:1",
    "https://A/p",
    "https://a@b/p",
    "https://a:b@c/p",
    "https://a:443@b/p",
    "https://a\\@b/p",
    "https://a\\b/p",
    "https://a%2fb/p",
    "https://[::1]/p",
    "https://[::1",
    "https://a_b/p",
    "https://a./p",
    "https://a..b/p",
    "https://./p",
    "https://127.1/p",
    "https://2130706433/p",
    "https://0x7f.1/p",
    "https://a.0x7f/p",
    "https://017.0.0.1/p",
    "https://127.0.0.01/p",
    "https://1.2.3.256/p",
    "https://1.2.3.4./p",
    "https://.a/p",
    "https://a:/p",
    "https://a:0/p",
    "https://a:080/p",
    "https://a:65536/p",
    "https://a:99999999999/p",
    "https://a:+1/p",
    "https://a: 1/p",
    "https://a:1a/p",
    "https://a:1:2/p",
    "https://a b/p",
    "https://a\tb/p",
    "https://a\n/p",
    "https://a/p\r\nX: y",
    "https://a/p\n",
    "https://a/ ",
    "https://a/\"",
    "https://a/<",
    "https://a/\\",
    "https://a/^",
    "https://a/`",
    "https://a/{",
    "https://a/|",
    "https://a/p#f",
    "https://a/\x7f",
    "https://a/\x80",
    "https://\xc3\xa4/p",
    "https://a\xe3\x80\x82.b/p",
    "http://a/p",
    "http://localhost.a/p",
    "http://127.0.0.2/p",
    "http://0/p",
    "http://localhost@a/p",
    "http://169.254.169.254/latest",
};

static void refuses_what_two_could_read_in_two_ways(void **state)
{
    char longer[300] = "https://";
    push_web_push_endpoint endpoint;

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char *url = unit_copy(urls[i], strlen(urls[i]) + 1);

        if (push_web_push_endpoint_read(&endpoint, url) == 0) {
            fail_msg("\"%s\" was read", urls[i]);
        }
        free(url);
    }
    memset(longer + 8, 'a', 254);
    longer[8 + 253] = '/';
    assert_int_equal(push_web_push_endpoint_read(&endpoint, longer), 0);
    longer[8 + 253] = 'a';
    longer[8 + 254] = '/';
    assert_int_equal(push_web_push_endpoint_read(&endpoint, longer), -1);
}

static void goes_where_the_list_says(void **state)
{
    static const char *const hosts[] = { "fcm.googleapis.com",
                                         "*.push.apple.com",
                                         "a.example:8443",
                                         "*.b.example:444",
                                         "localhost:4100",
                                         "192.0.2.1",
                                         NULL };
    static const char *const none[] = { NULL };
    static const struct {
        const char *url;
        int is_allowed;
    } cases[] = {
        { "https://fcm.googleapis.com/fcm/send/x", 1 },
        { "https://fcm.googleapis.com:443/x", 1 },
        { "https://fcm.googleapis.com:444/x", 0 },

        { "https://fcm.googleapis.co/x", 0 },
        { "https://fcm.googleapis.com.evil.example/x", 0 },
        { "https://evilfcm.googleapis.com/x", 0 },
        { "https://x.fcm.googleapis.com/x", 0 },
        { "https://web.push.apple.com/x", 1 },
        { "https://a.b.push.apple.com/x", 1 },
        { "https://push.apple.com/x", 0 },
        { "https://webpush.apple.com/x", 0 },
        { "https://push.apple.com.evil.example/x", 0 },
        { "https://a.example:8443/x", 1 },
        { "https://a.example/x", 0 },
        { "https://x.b.example:444/x", 1 },
        { "https://x.b.example/x", 0 },
        { "https://b.example:444/x", 0 },
        { "http://localhost:4100/x", 1 },
        { "https://localhost:4100/x", 1 },
        { "http://localhost:4101/x", 0 },
        { "http://localhost/x", 0 },
        { "http://127.0.0.1:4100/x", 0 },
        { "https://192.0.2.1/x", 1 },
        { "https://192.0.2.2/x", 0 },
        { "https://evil.example/fcm.googleapis.com", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        push_web_push_endpoint endpoint;

        assert_int_equal(push_web_push_endpoint_read(&endpoint, cases[i].url), 0);
        if (push_web_push_endpoint_is_allowed(&endpoint, hosts) != cases[i].is_allowed) {
            fail_msg("%s", cases[i].url);
        }
        assert_false(push_web_push_endpoint_is_allowed(&endpoint, none));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_urls),
        cmocka_unit_test(refuses_what_two_could_read_in_two_ways),
        cmocka_unit_test(goes_where_the_list_says),
    };

    return unit_run("web_push_endpoint", tests, sizeof tests / sizeof *tests);
}
