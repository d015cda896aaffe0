/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's settings: reads the file, then the flags, and checks that they fit together. */
#include "settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings_table.h"
#include "settings_value.h"

#define SETTINGS_LIMIT 64  /* rows that the table may have */
#define QUOTED         60  /* bytes of a bad value that are shown */
#define PLACE_LIMIT    300 /* of "file:line: " */
#define SOCKET_PATH    107 /* what the path of a Unix socket's address holds, without its NUL */
#define APNS_ID        10  /* characters of a key's or team's id */
#define BLANKS         " \t"

/* A text, or a list, that a setting points to. */
typedef struct kept {
    struct kept *next;
    const char *list[]; /* a text begins here as well */
} kept;

typedef struct settings_store {
    push_settings settings; /* first: it is what callers have */
    kept *kept;
} settings_store;

/* A reading under way. */
typedef struct settings_reading {
    settings_store *store;
    char place[PLACE_LIMIT]; /* "/etc/flixim/pushd.conf:12: "; of a flag "--" */
    char *why;
    size_t size;
    unsigned char is_set[SETTINGS_LIMIT]; /* by what is being read: a setting may be there once */
} settings_reading;

__attribute__((format(printf, 2, 3))) static int refuse(settings_reading *reading,
                                                        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reading->why, reading->size, format, arguments);
    va_end(arguments);
    return -1;
}

static void *member_of(settings_store *store, const push_setting *setting)
{
    return (char *)&store->settings + setting->offset;
}

/* Memory that goes with the store. */
static const char **keep(settings_store *store, size_t length)
{
    kept *new = malloc(sizeof *new + length);

    if (new == NULL) {
        return NULL;
    }
    new->next = store->kept;
    store->kept = new;
    return new->list;
}

static int set_text(settings_store *store, const push_setting *setting, const char *text)
{
    size_t length = strlen(text) + 1;
    void *copy = keep(store, length);

    if (copy == NULL) {
        return -1;
    }
    memcpy(copy, text, length);
    *(const char **)member_of(store, setting) = copy;
    return 0;
}

/* Pointers and behind them the texts they point to. Returns -1 without memory, 1 for a text that is no good. */
static int set_list(settings_store *store, const push_setting *setting, const char *text)
{
    size_t length = strlen(text) + 1, count = 0, room = (length / 2 + 2) * sizeof(char *);
    const char **list = keep(store, room + length);
    char *copy, *rest;

    if (list == NULL) {
        return -1;
    }
    copy = (char *)list + room;
    memcpy(copy, text, length);
    for (char *item = strtok_r(copy, BLANKS, &rest); item != NULL;
         item = strtok_r(NULL, BLANKS, &rest)) {
        if (!push_settings_value_is_good(setting->kind, item)) {
            return 1;
        }
        list[count++] = item;
    }
    list[count] = NULL;
    *(const char *const **)member_of(store, setting) = list;
    return 0;
}

static int set_number(settings_store *store, const push_setting *setting, const char *text)
{
    int64_t number, minimum, maximum;

    if (push_settings_value_number(setting->kind, text, &number) != 0 ||
        push_settings_value_number(setting->kind, setting->minimum, &minimum) != 0 ||
        push_settings_value_number(setting->kind, setting->maximum, &maximum) != 0 ||
        number < minimum || number > maximum) {
        return 1;
    }
    *(int64_t *)member_of(store, setting) = number;
    return 0;
}

/* Returns 0; 1 if the value is no good; -1 if there is no memory. */
static int set_value(settings_store *store, const push_setting *setting, const char *text)
{
    switch (setting->kind) {
    case PUSH_SETTING_COUNT:
    case PUSH_SETTING_TIME:
    case PUSH_SETTING_SIZE:
        return set_number(store, setting, text);
    case PUSH_SETTING_SWITCH:
        return push_settings_value_switch(text, member_of(store, setting)) != 0;
    case PUSH_SETTING_LEVEL:
        return push_settings_value_level(text, member_of(store, setting)) != 0;
    case PUSH_SETTING_ORIGINS:
    case PUSH_SETTING_HOSTS:
        return set_list(store, setting, text);
    default:
        if (!push_settings_value_is_good(setting->kind, text)) {
            return 1;
        }
        return set_text(store, setting, text);
    }
}

static int set(settings_reading *reading, const push_setting *setting, const char *text)
{
    char rule[200];

    if (reading->is_set[setting - push_settings_table]++) {
        return refuse(reading, "%s%s is said twice", reading->place, setting->name);
    }
    switch (set_value(reading->store, setting, text)) {
    case 0:
        return 0;
    case 1:
        push_settings_value_rule(setting, rule, sizeof rule);
        return refuse(reading, "%s%s %s, not '%.*s'", reading->place, setting->name, rule, QUOTED,
                      text);
    default:
        return refuse(reading, "out of memory");
    }
}

static int read_defaults(settings_reading *reading)
{
    for (const push_setting *setting = push_settings_table; setting->name != NULL; setting++) {
        if (set(reading, setting, setting->by_default) != 0) {
            return -1;
        }
    }
    return 0;
}

/* "name = value"; the value is the rest of the line, without the blanks around it. */
static int read_line(settings_reading *reading, char *line)
{
    size_t length = strlen(line), name;
    const push_setting *setting;

    while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL) {
        line[--length] = '\0';
    }
    line += strspn(line, BLANKS);
    if (*line == '\0' || *line == '#') {
        return 0;
    }
    name = strcspn(line, BLANKS "=");
    setting = push_settings_table_find(line, name);
    if (setting == NULL) {
        return refuse(reading, "%sthere is no setting '%.*s'", reading->place,
                      name > QUOTED ? QUOTED : (int)name, line);
    }
    line += name + strspn(line + name, BLANKS);
    if (*line != '=') {
        return refuse(reading, "%s%s needs '=' and a value", reading->place, setting->name);
    }
    line++;
    return set(reading, setting, line + strspn(line, BLANKS));
}

static int read_file(settings_reading *reading, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int number = 0, failed = 0;

    if (file == NULL) {
        return refuse(reading, "cannot read '%s': %s", path, strerror(errno));
    }
    memset(reading->is_set, 0, sizeof reading->is_set);
    while (!failed && (length = getline(&line, &room, file)) >= 0) {
        snprintf(reading->place, sizeof reading->place, "%s:%d: ", path, ++number);
        if (strlen(line) != (size_t)length) {
            failed = refuse(reading, "%sthere is a NUL in it", reading->place);
        }
        else {
            failed = read_line(reading, line);
        }
    }
    if (!failed && ferror(file)) {
        failed = refuse(reading, "cannot read '%s': %s", path, strerror(errno));
    }
    free(line);
    fclose(file);
    return failed;
}

static int read_flags(settings_reading *reading, const char *const *flags, int count)
{
    memcpy(reading->place, "--", sizeof "--");
    memset(reading->is_set, 0, sizeof reading->is_set);
    for (int i = 0; i < count; i++) {
        size_t name = strcspn(flags[i], "=");
        const push_setting *setting;

        if (name < 3 || strncmp(flags[i], "--", 2) != 0 ||
            (setting = push_settings_table_find(flags[i] + 2, name - 2)) == NULL) {
            return refuse(reading, "there is no flag '%.*s'", name > QUOTED ? QUOTED : (int)name,
                          flags[i]);
        }
        if (flags[i][name] != '=') {
            return refuse(reading, "--%s needs '=' and a value", setting->name);
        }
        if (set(reading, setting, flags[i] + name + 1) != 0) {
            return -1;
        }
    }
    return 0;
}

static int is_said(const char *text)
{
    return text != NULL && *text != '\0';
}

/* What each push service takes besides its key. */
static int check_providers(settings_reading *reading)
{
    const push_settings *settings = &reading->store->settings;
    const char *subject = settings->web_push_subject;

    if (is_said(settings->apns_key_file) &&
        (strlen(settings->apns_key_id) != APNS_ID || strlen(settings->apns_team_id) != APNS_ID)) {
        return refuse(reading, "apns_key_file needs apns_key_id and apns_team_id, of %d characters",
                      APNS_ID);
    }
    if (is_said(settings->web_push_key_file) && strncmp(subject, "mailto:", 7) != 0 &&
        strncmp(subject, "https://", 8) != 0) {
        return refuse(reading, "web_push_key_file needs web_push_subject, a mailto: or https: URL");
    }
    if (is_said(settings->webhook_key_file) != is_said(settings->webhook_url)) {
        return refuse(reading, "webhook_key_file and webhook_url belong together");
    }
    return 0;
}

static int check(settings_reading *reading)
{
    const push_settings *settings = &reading->store->settings;
    int has_tls = is_said(settings->tls_certificate_file);

    if (has_tls != is_said(settings->tls_key_file)) {
        return refuse(reading, "tls_certificate_file and tls_key_file belong together");
    }
    if (is_said(settings->listen_tls) && !has_tls) {
        return refuse(reading, "listen_tls needs tls_certificate_file and tls_key_file");
    }
    if (!is_said(settings->listen_unix) && !is_said(settings->listen_tcp) &&
        !is_said(settings->listen_tls)) {
        return refuse(reading, "one of listen_unix, listen_tcp and listen_tls is needed");
    }
    if (strlen(settings->listen_unix) > SOCKET_PATH) {
        return refuse(reading, "the path in listen_unix is longer than %d bytes", SOCKET_PATH);
    }
    if (strlen(settings->listen_handoff) > SOCKET_PATH) {
        return refuse(reading, "the path in listen_handoff is longer than %d bytes", SOCKET_PATH);
    }
    if (is_said(settings->listen_handoff) &&
        strcmp(settings->listen_handoff, settings->listen_unix) == 0) {
        return refuse(reading, "listen_handoff and listen_unix are two sockets");
    }
    if (settings->push_burst < settings->pushes_per_second) {
        return refuse(reading, "push_burst must not be less than pushes_per_second");
    }
    return check_providers(reading);
}

const push_settings *push_settings_read(const char *path, const char *const *flags, int count,
                                        char *why, size_t size)
{
    settings_reading reading = { .why = why, .size = size };

    reading.store = calloc(1, sizeof *reading.store);
    if (reading.store == NULL) {
        (void)refuse(&reading, "out of memory");
        return NULL;
    }
    if (read_defaults(&reading) != 0 || (path != NULL && read_file(&reading, path) != 0) ||
        read_flags(&reading, flags, count) != 0 || check(&reading) != 0) {
        push_settings_free(&reading.store->settings);
        return NULL;
    }
    return &reading.store->settings;
}

/* The store that settings are in: they are const for all but this file, which made them. */
static settings_store *store_of(const push_settings *settings)
{
    union {
        const push_settings *settings;
        settings_store *store;
    } same = { .settings = settings };

    return same.store;
}

void push_settings_free(const push_settings *settings)
{
    settings_store *store;

    if (settings == NULL) {
        return;
    }
    store = store_of(settings);
    while (store->kept != NULL) {
        kept *next = store->kept->next;
        free(store->kept);
        store->kept = next;
    }
    free(store);
}

/* Takes over one setting. Returns 1 if it was another, 0 if not, -1 if there is no memory. */
static int keep_one(settings_store *store, const push_settings *before, const push_setting *setting)
{
    const char *old = (const char *)before + setting->offset;
    void *new = member_of(store, setting);

    if (setting->minimum != NULL) {
        int differs = memcmp(new, old, sizeof(int64_t)) != 0;
        memcpy(new, old, sizeof(int64_t));
        return differs;
    }
    if (strcmp(*(const char **)new, *(const char *const *)old) == 0) {
        return 0;
    }
    return set_text(store, setting, *(const char *const *)old) == 0 ? 1 : -1;
}

int push_settings_keep_fixed(const push_settings *settings, const push_settings *before,
                             char *names, size_t size)
{
    settings_store *store = store_of(settings);
    size_t length = 0;

    *names = '\0';
    for (const push_setting *setting = push_settings_table; setting->name != NULL; setting++) {
        int differs = setting->is_fixed ? keep_one(store, before, setting) : 0;

        if (differs < 0) {
            return -1;
        }
        if (differs && length < size) {
            length += (size_t)snprintf(names + length, size - length, "%s%s",
                                       length > 0 ? ", " : "", setting->name);
        }
    }
    return 0;
}
