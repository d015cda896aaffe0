/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of forms, as a query if the input begins with "?", else as JSON: each value
 * that is given is valid for its type, each fault stands in the table's order. */
#include "fuzz.h"

#include <errno.h>
#include <string.h>

#include "flx_form.h"
#include "flx_json_scan.h"
#include "flx_time.h"
#include "flx_utf8.h"
#include "flx_uuid.h"

#define MOST_UUIDS 3

static const char *const colours[] = { "red", "green", NULL };

/* One field of each type; the names are short, so that they are found. */
static const flx_field fields[] = {
    { .name = "t", .type = FLX_FIELD_TEXT, .max = 4, .null_empties = 1 },
    { .name = "u", .type = FLX_FIELD_UUID },
    { .name = "l", .type = FLX_FIELD_UUIDS, .min = 1, .max = MOST_UUIDS },
    { .name = "i", .type = FLX_FIELD_TIME },
    { .name = "s", .type = FLX_FIELD_CURSOR },
    { .name = "b", .type = FLX_FIELD_BOOL },
    { .name = "h", .type = FLX_FIELD_CHOICE, .choices = colours },
    { .name = "n", .type = FLX_FIELD_NUMBER, .min = 1, .max = 200 },
    { .name = "o", .type = FLX_FIELD_OBJECT, .null_empties = 1 },
    { .name = "c", .type = FLX_FIELD_CONVERSATION_ID },
    { .name = "r", .type = FLX_FIELD_NUMBER, .max = INT64_MAX, .required = 1 },
};

#define FIELDS ((int)(sizeof fields / sizeof fields[0]))

static void check_uuid(const char *text)
{
    char again[FLX_UUID_TEXT];
    flx_uuid uuid;

    must(flx_uuid_read(&uuid, text, FLX_UUID_TEXT) == 0);
    flx_uuid_write(&uuid, again);
    must(memcmp(text, again, sizeof again) == 0);
}

static void check_uuids(const char *text)
{
    size_t count = strlen(text) / (FLX_UUID_TEXT + 1), i, j;

    must(count >= 1 && count <= MOST_UUIDS);
    must(strlen(text) == count * (FLX_UUID_TEXT + 1) + 1);
    must(text[0] == '{' && text[count * (FLX_UUID_TEXT + 1)] == '}');
    for (i = 0; i < count; i++) {
        const char *uuid = text + 1 + i * (FLX_UUID_TEXT + 1);
        check_uuid(uuid);
        must(i + 1 == count || uuid[FLX_UUID_TEXT] == ',');
        for (j = 0; j < i; j++) {
            must(memcmp(uuid, text + 1 + j * (FLX_UUID_TEXT + 1), FLX_UUID_TEXT) != 0);
        }
    }
}

static void check_time(const char *text)
{
    char again[FLX_TIME_TEXT];
    flx_time time;

    must(strlen(text) == FLX_TIME_TEXT);
    must(flx_time_read(&time, text, FLX_TIME_TEXT) == 0);
    flx_time_write(time, again);
    must(memcmp(text, again, sizeof again) == 0);
}

static void check_number(const flx_field *field, const char *text)
{
    int64_t number;
    char *end;

    must(text[0] >= '0' && text[0] <= '9');
    must(text[0] != '0' || text[1] == '\0');
    errno = 0;
    number = strtoll(text, &end, 10);
    must(*end == '\0' && errno == 0 && number >= field->min && number <= field->max);
}

static void check_object(const char *text)
{
    size_t length = strlen(text);

    must(length >= 2 && text[0] == '{' && text[length - 1] == '}');
    must(flx_json_scan(text, length, NULL, NULL, NULL) == FLX_JSON_FINE);
}

static void check_value(const flx_field *field, const char *text)
{
    size_t length = strlen(text);

    must(flx_utf8_valid(text, length));
    switch (field->type) {
    case FLX_FIELD_TEXT:
        must(flx_utf8_count(text, length) <= 4);
        break;
    case FLX_FIELD_UUID:
        must(length == FLX_UUID_TEXT);
        check_uuid(text);
        break;
    case FLX_FIELD_UUIDS:
        check_uuids(text);
        break;
    case FLX_FIELD_TIME:
    case FLX_FIELD_CURSOR:
        check_time(text);
        break;
    case FLX_FIELD_BOOL:
        must(strcmp(text, "true") == 0 || strcmp(text, "false") == 0);
        break;
    case FLX_FIELD_CHOICE:
        must(strcmp(text, "red") == 0 || strcmp(text, "green") == 0);
        break;
    case FLX_FIELD_NUMBER:
        check_number(field, text);
        break;
    case FLX_FIELD_OBJECT:
        if (strcmp(text, "null") != 0) {
            check_object(text);
        }
        break;
    case FLX_FIELD_CONVERSATION_ID:
        must(length > 0 && length <= 81);
        must(strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789:-") == length);
        break;
    }
}

/* Faults come in the table's order, at most one a field, which then has no value. */
static void check_faults(const flx_form *form)
{
    int place = 0, i;

    for (i = 0; i < form->fault_count; i++) {
        must(strcmp(form->faults[i].rule, "no_memory") != 0);
        if (form->is_malformed) {
            must(strcmp(form->faults[i].field, "body") == 0 ||
                 strcmp(form->faults[i].field, "query") == 0);
            continue;
        }
        while (place < FIELDS && form->faults[i].field != fields[place].name) {
            place++;
        }
        must(place < FIELDS && form->values[place] == NULL);
        place++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int is_query = size > 0 && data[0] == '?';
    size_t length = is_query ? size - 1 : size;
    /* Gone before the form is looked at: no value may point into it. */
    char *text = malloc(length > 0 ? length : 1);
    flx_form form;
    int i, status;

    must(text != NULL);
    if (length > 0) {
        memcpy(text, data + is_query, length);
    }
    status = is_query ? flx_form_read_query(&form, fields, FIELDS, text, length)
                      : flx_form_read_json(&form, fields, FIELDS, text, length);
    free(text);
    must(status == (form.fault_count > 0 ? -1 : 0));
    must(!form.is_malformed || form.fault_count == 1);
    check_faults(&form);
    for (i = 0; i < FIELDS; i++) {
        if (form.values[i] != NULL) {
            must(!form.is_malformed);
            check_value(&fields[i], form.values[i]);
        }
    }
    flx_form_free(&form);
    return 0;
}
