/* SPDX-License-Identifier: Apache-2.0 */
/* The values of settings, as they stand in the file: reading one, and what is wrong with it. */
#ifndef PUSH_SETTINGS_VALUE_H
#define PUSH_SETTINGS_VALUE_H

#include <stdint.h>

#include "log.h"
#include "settings_table.h"

/* A number of a kind that is one (count, time, size), whatever its range. Returns 0, or -1. */
int push_settings_value_number(push_setting_kind kind, const char *text, int64_t *number)
    __attribute__((warn_unused_result));

/* "on" or "off". Returns 0, or -1. */
int push_settings_value_switch(const char *text, int *is_on) __attribute__((warn_unused_result));

/* "error", "warning", "info" or "debug". Returns 0, or -1. */
int push_settings_value_level(const char *text, push_log_level *level)
    __attribute__((warn_unused_result));

/* Whether a text is good for a kind that is a text (the last of an ORIGINS or HOSTS list alone). */
int push_settings_value_is_good(push_setting_kind kind, const char *text);

/* What a value of the setting has to be, as the rest of a sentence: "must be ...". */
void push_settings_value_rule(const push_setting *setting, char *rule, size_t size);

#endif
