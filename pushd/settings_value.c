/* SPDX-License-Identifier: Apache-2.0 */
/* The values of settings, as they stand in the file: reading one, and what is wrong with it. */
#include "settings_value.h"

#include <stdio.h>
#include <string.h>

#define URL_LIMIT 500 /* bytes */

typedef struct unit {
    push_setting_kind kind;
    const char *name;
    int64_t factor;
} unit;

static const unit units[] = {
    { PUSH_SETTING_COUNT, "", 1 },       { PUSH_SETTING_TIME, "ms", 1 },
    { PUSH_SETTING_TIME, "s", 1000 },    { PUSH_SETTING_TIME, "min", 60000 },
    { PUSH_SETTING_TIME, "h", 3600000 }, { PUSH_SETTING_SIZE, "", 1 },
    { PUSH_SETTING_SIZE, "K", 1024 },    { PUSH_SETTING_SIZE, "M", 1048576 },
};

int push_settings_value_number(push_setting_kind kind, const char *text, int64_t *number)
{
    size_t digits = strspn(text, "0123456789");
    int64_t read = 0;

    if (digits == 0 || digits > 12) {
        return -1;
    }
    for (size_t i = 0; i < digits; i++) {
        read = read * 10 + (text[i] - '0');
    }
    text += digits;
    /* Nothing is nothing in any unit. */
    if (kind == PUSH_SETTING_TIME && read == 0 && *text == '\0') {
        *number = 0;
        return 0;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].kind == kind && strcmp(units[i].name, text) == 0) {
            *number = read * units[i].factor;
            return 0;
        }
    }
    return -1;
}

int push_settings_value_switch(const char *text, int *is_on)
{
    *is_on = strcmp(text, "on") == 0;
    return *is_on || strcmp(text, "off") == 0 ? 0 : -1;
}

int push_settings_value_level(const char *text, push_log_level *level)
{
    static const struct {
        const char *name;
        push_log_level level;
    } levels[] = {
        { "error", PUSH_LOG_ERROR },
        { "warning", PUSH_LOG_WARNING },
        { "info", PUSH_LOG_INFO },
        { "debug", PUSH_LOG_DEBUG },
    };

    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (strcmp(levels[i].name, text) == 0) {
            *level = levels[i].level;
            return 0;
        }
    }
    return -1;
}

/* "127.0.0.1:4001", "[::1]:4001": what is before the last colon is the listener's to resolve. */
static int is_address(const char *text)
{
    const char *colon = strrchr(text, ':');
    int64_t port;

    return colon != NULL && colon > text &&
           push_settings_value_number(PUSH_SETTING_COUNT, colon + 1, &port) == 0 && port <= 65535;
}

/* "/socket": no slash at the end, nothing that a URL would write otherwise. */
static int is_path(const char *text)
{
    size_t length = strlen(text);

    return length >= 2 && length <= 200 && text[0] == '/' && text[length - 1] != '/' &&
           strstr(text, "//") == NULL &&
           strspn(text, "/-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
               length;
}

/* "https://www.example.org", "//www.example.org", "//" "*.example.org", or "*": Phoenix's check_origin. */
static int is_origin(const char *text)
{
    const char *slashes = strstr(text, "//");

    return strcmp(text, "*") == 0 || (slashes != NULL && (slashes == text || slashes[-1] == ':') &&
                                      slashes[2] != '\0' && strchr(slashes + 2, '/') == NULL);
}

/* "https://api.example.org:8443", or "http://" of this machine. What is behind the host is the server's to like. */
static int is_url(const char *text)
{
    static const char *const starts[] = { "https://", "http://localhost", "http://127.0.0.1",
                                          "http://[::1]" };
    size_t length = strlen(text);

    if (length > URL_LIMIT || strcspn(text, " \t\"\\<>@#") != length) {
        return 0;
    }
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t start = strlen(starts[i]);

        if (strncmp(text, starts[i], start) == 0) {
            return i == 0 ? text[start] != '\0' && text[start] != '/'
                          : strchr(":/", text[start]) != NULL; /* its NUL as well */
        }
    }
    return 0;
}

/* "push.example.org", "*.example.org", "localhost:8443". */
static int is_host(const char *text)
{
    const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;
    size_t length = strspn(name, "-.0123456789abcdefghijklmnopqrstuvwxyz");
    int64_t port;

    return length > 0 && name[0] != '.' &&
           (name[length] == '\0' ||
            (name[length] == ':' &&
             push_settings_value_number(PUSH_SETTING_COUNT, name + length + 1, &port) == 0 &&
             port > 0 && port <= 65535));
}

int push_settings_value_is_good(push_setting_kind kind, const char *text)
{
    switch (kind) {
    case PUSH_SETTING_FILE:
        return *text == '\0' || *text == '/';
    case PUSH_SETTING_ADDRESS:
        return *text == '\0' || is_address(text);
    case PUSH_SETTING_PATH:
        return is_path(text);
    case PUSH_SETTING_URL:
        return *text == '\0' || is_url(text);
    case PUSH_SETTING_HOSTS:
        return is_host(text);
    case PUSH_SETTING_ORIGINS:
        return is_origin(text);
    default:
        return 1;
    }
}

void push_settings_value_rule(const push_setting *setting, char *rule, size_t size)
{
    static const char *const rules[] = {
        [PUSH_SETTING_COUNT] = "a whole number",
        [PUSH_SETTING_TIME] = "a number with ms, s, min or h",
        [PUSH_SETTING_SIZE] = "a number of bytes, or one with K or M",
        [PUSH_SETTING_SWITCH] = "on or off",
        [PUSH_SETTING_LEVEL] = "error, warning, info or debug",
        [PUSH_SETTING_TEXT] = "a text",
        [PUSH_SETTING_FILE] = "an absolute path",
        [PUSH_SETTING_ADDRESS] = "address:port",
        [PUSH_SETTING_PATH] = "a path such as /socket",
        [PUSH_SETTING_URL] = "an https: URL, or an http: one of this machine",
        [PUSH_SETTING_HOSTS] = "a list of hosts such as push.example.org or *.example.org:8443",
        [PUSH_SETTING_ORIGINS] =
            "a list of origins such as https://www.example.org or //*.example.org, or *",
    };

    if (setting->minimum != NULL) {
        snprintf(rule, size, "must be %s, from %s to %s", rules[setting->kind], setting->minimum,
                 setting->maximum);
    }
    else {
        snprintf(rule, size, "must be %s", rules[setting->kind]);
    }
}
