/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the file of settings: whatever it says is refused with a reason that names the file, or every value of it is within
 * its range. Lines that begin with "--" are flags. */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "settings.h"
#include "settings_table.h"
#include "settings_value.h"

#define FLAGS 8

static void check(const push_settings *settings)
{
    for (const push_setting *it = push_settings_table; it->name != NULL; it++) {
        const char *member = (const char *)settings + it->offset;
        int64_t number, minimum, maximum;
        const char *text;
        const char *const *list;

        switch (it->kind) {
        case PUSH_SETTING_COUNT:
        case PUSH_SETTING_TIME:
        case PUSH_SETTING_SIZE:
            memcpy(&number, member, sizeof number);
            must(push_settings_value_number(it->kind, it->minimum, &minimum) == 0);
            must(push_settings_value_number(it->kind, it->maximum, &maximum) == 0);
            must(minimum <= number && number <= maximum);
            break;
        case PUSH_SETTING_SWITCH:
        case PUSH_SETTING_LEVEL:
            break;
        case PUSH_SETTING_ORIGINS:
        case PUSH_SETTING_HOSTS:
            memcpy(&list, member, sizeof list);
            must(list != NULL);
            for (; *list != NULL; list++) {
                must(**list != '\0' && strpbrk(*list, " \t\n") == NULL);
                must(push_settings_value_is_good(it->kind, *list));
            }
            break;
        default:
            memcpy(&text, member, sizeof text);
            must(text != NULL && strchr(text, '\n') == NULL);
            must(push_settings_value_is_good(it->kind, text));
            must(*text == '\0' || strchr(" \t\r", text[strlen(text) - 1]) == NULL);
        }
    }
}

/* A reload: what is fixed stays as it was, and is named if it was to change. */
static void check_reload(const push_settings *before)
{
    char why[200] = "", names[2000] = "";
    const push_settings *after = push_settings_read(NULL, NULL, 0, why, sizeof why);

    must(after != NULL);
    must(push_settings_keep_fixed(after, before, names, sizeof names) == 0);
    must(strcmp(after->listen_tcp, before->listen_tcp) == 0);
    must(strcmp(after->database, before->database) == 0);
    must(after->connect_backlog == before->connect_backlog);
    must(before->connect_backlog == 1024 || strstr(names, "connect_backlog") != NULL);
    check(after);
    push_settings_free(after);
}

/* Takes lines that are flags off the end; the text before them ends with NUL then. */
static int take_flags(char *text, const char **flags)
{
    int count = 0;
    char *found;

    while (count < FLAGS && (found = strrchr(text, '\n')) != NULL &&
           strncmp(found, "\n--", 3) == 0) {
        *found = '\0';
        flags[count++] = found + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[40], why[200] = "", *text = malloc(size + 1);
    const char *flags[FLAGS];
    const push_settings *settings;
    int fd = memfd_create("settings", MFD_CLOEXEC), count = 0;
    size_t length = size;

    must(text != NULL && fd >= 0);
    memcpy(text, data, size);
    text[size] = '\0';
    if (strlen(text) == size) {
        count = take_flags(text, flags);
        length = strlen(text);
    }
    must(write(fd, text, length) == (ssize_t)length);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    settings = push_settings_read(path, flags, count, why, sizeof why);
    if (settings != NULL) {
        check(settings);
        check_reload(settings);
        push_settings_free(settings);
    }
    else {
        must(why[0] != '\0' && strlen(why) < sizeof why);
    }
    close(fd);
    free(text);
    return 0;
}
