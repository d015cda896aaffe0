/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all settings: what kind of value each takes, its default, its range. */
#ifndef PUSH_SETTINGS_TABLE_H
#define PUSH_SETTINGS_TABLE_H

#include <stddef.h>

typedef enum push_setting_kind {
    PUSH_SETTING_COUNT, /* a whole number */
    PUSH_SETTING_TIME,  /* a number with a unit: ms, s, min, h; kept in milliseconds */
    PUSH_SETTING_SIZE,  /* a number of bytes, with K or M if it likes */
    PUSH_SETTING_SWITCH,
    PUSH_SETTING_LEVEL,   /* of the log */
    PUSH_SETTING_TEXT,    /* anything */
    PUSH_SETTING_FILE,    /* an absolute path, or nothing */
    PUSH_SETTING_ADDRESS, /* "address:port", or nothing */
    PUSH_SETTING_PATH,    /* of a URL */
    PUSH_SETTING_URL,     /* of a server: https, or http on this machine; or nothing */
    PUSH_SETTING_ORIGINS, /* a list, separated by blanks */
    PUSH_SETTING_HOSTS    /* the same */
} push_setting_kind;

typedef struct push_setting {
    const char *name;
    size_t offset; /* of the member in push_settings */
    /* as they would stand in the file; numbers have a range, both ends in it */
    const char *by_default;
    const char *minimum;
    const char *maximum;
    push_setting_kind kind;
    /* read when the daemon starts and not again */
    int is_fixed;
} push_setting;

/* In alphabetical order; ends with a name of NULL. */
extern const push_setting push_settings_table[];

/* The row of a name, in which "-" counts as "_"; NULL: there is none. */
const push_setting *push_settings_table_find(const char *name, size_t length);

#endif
