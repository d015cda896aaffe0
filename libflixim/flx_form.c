/* SPDX-License-Identifier: Apache-2.0 */
/* A request's fields, read from a JSON body or a query by a table: what is given as SQL takes it,
 * and all that is wrong with it. */
#include "flx_form.h"

#include "flx_json.h"
#include "flx_query.h"
#include "flx_time.h"
#include "flx_utf8.h"
#include "flx_uuid.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "private:" with two UUIDs and a colon, the longest. */
#define CONVERSATION_ID_LENGTH 81

/* The one rule that is not the client's fault: whoever breaks it ends the reading. */
static const char no_memory[] = "no_memory";

/* What a type is in JSON, and the rule that another kind of value breaks. */
static const struct {
    flx_json_kind kind;
    const char *rule;
} types[] = {
    [FLX_FIELD_TEXT] = { FLX_JSON_IS_STRING, "string" },
    [FLX_FIELD_UUID] = { FLX_JSON_IS_STRING, "uuid" },
    [FLX_FIELD_UUIDS] = { FLX_JSON_IS_ARRAY, "array" },
    [FLX_FIELD_TIME] = { FLX_JSON_IS_STRING, "time" },
    [FLX_FIELD_CURSOR] = { FLX_JSON_IS_STRING, "time" },
    [FLX_FIELD_BOOL] = { FLX_JSON_IS_BOOL, "boolean" },
    [FLX_FIELD_CHOICE] = { FLX_JSON_IS_STRING, "choice" },
    [FLX_FIELD_NUMBER] = { FLX_JSON_IS_NUMBER, "number" },
    [FLX_FIELD_OBJECT] = { FLX_JSON_IS_OBJECT, "object" },
    [FLX_FIELD_CONVERSATION_ID] = { FLX_JSON_IS_STRING, "conversation_id" },
};

/* What the text says of each field, before it is judged. */
typedef struct reader {
    const flx_field *fields;
    int count;
    flx_slice found[FLX_FORM_FIELDS]; /* at is NULL: absent */
    int is_repeated[FLX_FORM_FIELDS];
} reader;

/* -- Values: each function returns the rule that is broken, or NULL -- */

/* Appends a value to the form's memory, where room for all was made (room_for). */
static void keep(flx_form *form, int place, const char *text, size_t length)
{
    char *copy = form->memory + form->used;

    memcpy(copy, text, length);
    copy[length] = '\0';
    form->used += length + 1;
    form->values[place] = copy;
}

static const char *read_text(flx_form *form, int place, const flx_field *field, flx_slice text)
{
    if ((int64_t)flx_utf8_count(text.at, text.length) > field->max) {
        return "too_long";
    }
    keep(form, place, text.at, text.length);
    return NULL;
}

static const char *read_uuid(flx_form *form, int place, flx_slice text)
{
    char written[FLX_UUID_TEXT];
    flx_uuid uuid;

    if (flx_uuid_read(&uuid, text.at, text.length) != 0) {
        return "uuid";
    }
    flx_uuid_write(&uuid, written);
    keep(form, place, written, sizeof written);
    return NULL;
}

static const char *read_time(flx_form *form, int place, flx_slice text)
{
    char written[FLX_TIME_TEXT];
    flx_time time;

    if (flx_time_read(&time, text.at, text.length) != 0) {
        return "time";
    }
    flx_time_write(time, written);
    keep(form, place, written, sizeof written);
    return NULL;
}

static const char *read_cursor(flx_form *form, int place, flx_slice text)
{
    if (text.length == 0 || (text.length == 1 && text.at[0] == '0')) {
        return NULL;
    }
    return read_time(form, place, text);
}

static const char *read_choice(flx_form *form, int place, const flx_field *field, flx_slice text)
{
    const char *const *choice;

    for (choice = field->choices; *choice != NULL; choice++) {
        if (strlen(*choice) == text.length && memcmp(*choice, text.at, text.length) == 0) {
            form->values[place] = *choice;
            return NULL;
        }
    }
    return "choice";
}

static const char *read_number(flx_form *form, int place, const flx_field *field, flx_slice text)
{
    char written[24];
    int64_t number = 0;
    int length, is_too_large = 0;
    size_t i;

    for (i = 0; i < text.length; i++) {
        int digit = text.at[i] - '0';
        if (digit < 0 || digit > 9) {
            return "number";
        }
        is_too_large = is_too_large || number > (INT64_MAX - digit) / 10;
        number = is_too_large ? 0 : number * 10 + digit;
    }
    if (text.length == 0) {
        return "number";
    }
    if (is_too_large || number < field->min || number > field->max) {
        return "range";
    }
    length = snprintf(written, sizeof written, "%" PRId64, number);
    keep(form, place, written, (size_t)length);
    return NULL;
}

/* Whether a text in lower case is the id of a conversation of some kind: its kind and as many UUIDs as
 * that has, two of them sorted. */
static int is_conversation_id(const char *text, size_t length)
{
    static const struct {
        const char *prefix;
        size_t uuids;
    } kinds[] = {
        { "private:", 2 },
        { "group:", 1 },
        { "interaction:", 1 },
        { "system:notification:", 1 },
        { "system:announcement:", 1 },
    };
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t prefix = strlen(kinds[i].prefix);
        const char *first = text + prefix;
        const char *second = first + FLX_UUID_TEXT + 1;
        flx_uuid uuid;

        if (length != prefix + kinds[i].uuids * (FLX_UUID_TEXT + 1) - 1 ||
            memcmp(text, kinds[i].prefix, prefix) != 0) {
            continue;
        }
        return flx_uuid_read(&uuid, first, FLX_UUID_TEXT) == 0 &&
               (kinds[i].uuids == 1 ||
                (second[-1] == ':' && flx_uuid_read(&uuid, second, FLX_UUID_TEXT) == 0 &&
                 memcmp(first, second, FLX_UUID_TEXT) <= 0));
    }
    return 0;
}

static const char *read_conversation_id(flx_form *form, int place, flx_slice text)
{
    char lower[CONVERSATION_ID_LENGTH];
    size_t i;

    if (text.length > sizeof lower) {
        return "conversation_id";
    }
    for (i = 0; i < text.length; i++) {
        char c = text.at[i];
        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    if (!is_conversation_id(lower, text.length)) {
        return "conversation_id";
    }
    keep(form, place, lower, text.length);
    return NULL;
}

/* A value of a type that is a string in JSON, or a number: in a query all are just text. */
static const char *read_plain(flx_form *form, int place, const flx_field *field, flx_slice text)
{
    switch (field->type) {
    case FLX_FIELD_TEXT:
        return read_text(form, place, field, text);
    case FLX_FIELD_UUID:
        return read_uuid(form, place, text);
    case FLX_FIELD_TIME:
        return read_time(form, place, text);
    case FLX_FIELD_CURSOR:
        return read_cursor(form, place, text);
    case FLX_FIELD_CHOICE:
        return read_choice(form, place, field, text);
    case FLX_FIELD_NUMBER:
        return read_number(form, place, field, text);
    case FLX_FIELD_CONVERSATION_ID:
        return read_conversation_id(form, place, text);
    case FLX_FIELD_UUIDS:
    case FLX_FIELD_BOOL:
    case FLX_FIELD_OBJECT:
        break;
    }
    return types[field->type].rule;
}

/* Appends a UUID to the count that are there, unless it is one of them; returns the new count.
 * A thousand of them are half a million comparisons of 16 bytes, less than what it takes to send
 * to so many. */
static size_t add_uuid(flx_uuid *uuids, size_t count, const flx_uuid *uuid)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (memcmp(&uuids[i], uuid, sizeof *uuid) == 0) {
            return count;
        }
    }
    uuids[count] = *uuid;
    return count + 1;
}

/* Writes an array literal of PostgreSQL. */
static void keep_uuids(flx_form *form, int place, const flx_uuid *uuids, size_t count)
{
    char *literal = form->memory + form->used;
    char *at = literal;
    size_t i;

    *at++ = '{';
    for (i = 0; i < count; i++) {
        if (i > 0) {
            *at++ = ',';
        }
        flx_uuid_write(&uuids[i], at);
        at += FLX_UUID_TEXT;
    }
    *at++ = '}';
    *at++ = '\0';
    form->used += (size_t)(at - literal);
    form->values[place] = literal;
}

static const char *read_elements(flx_form *form, int place, flx_slice array, size_t given)
{
    flx_uuid *uuids = malloc((given + 1) * sizeof *uuids);
    const char *rule = uuids == NULL ? no_memory : NULL;
    size_t count = 0;
    flx_slice item;
    int more = 1;

    while (rule == NULL && (more = flx_json_item(&array, &item)) == 1) {
        char text[FLX_UUID_TEXT];
        size_t length;
        flx_uuid uuid;
        if (flx_json_text(item, text, sizeof text, &length) != 0 ||
            flx_uuid_read(&uuid, text, length) != 0) {
            rule = "uuids";
        }
        else {
            count = add_uuid(uuids, count, &uuid);
        }
    }
    if (more < 0) {
        rule = no_memory;
    }
    if (rule == NULL) {
        keep_uuids(form, place, uuids, count);
    }
    free(uuids);
    return rule;
}

/* Not by way of json-c: what else may stand in an array of 256 KiB, such as 87,000 empty objects,
 * would take it forty milliseconds and fifty megabytes. */
static const char *read_uuids(flx_form *form, int place, const flx_field *field, flx_slice array)
{
    flx_slice rest = array, item;
    int64_t given = 0;
    int more;

    while ((more = flx_json_item(&rest, &item)) == 1) {
        if (++given > field->max) {
            return "too_many";
        }
    }
    if (more < 0) {
        return no_memory;
    }
    if (given == 0 && field->min > 0) {
        return "required";
    }
    return read_elements(form, place, array, (size_t)given);
}

static const char *read_string(flx_form *form, int place, const flx_field *field, flx_slice value)
{
    flx_json *json = flx_json_open(value);
    const char *rule;
    flx_slice text;

    if (json == NULL) {
        return no_memory;
    }
    flx_json_string(json, &text);
    rule = read_plain(form, place, field, text);
    flx_json_close(json);
    return rule;
}

static const char *value_of_null(const flx_field *field)
{
    if (!field->null_empties) {
        return NULL;
    }
    return field->type == FLX_FIELD_OBJECT ? "null" : "";
}

static const char *read_member(flx_form *form, int place, const flx_field *field, flx_slice value)
{
    flx_json_kind kind = flx_json_kind_of(value);

    if (kind == FLX_JSON_IS_NULL) {
        form->values[place] = value_of_null(field);
        return NULL;
    }
    if (kind != types[field->type].kind) {
        return types[field->type].rule;
    }
    switch (kind) {
    case FLX_JSON_IS_BOOL:
        form->values[place] = flx_json_is_true(value) ? "true" : "false";
        return NULL;
    case FLX_JSON_IS_OBJECT:
        keep(form, place, value.at, value.length);
        return NULL;
    case FLX_JSON_IS_NUMBER:
        return read_number(form, place, field, value);
    case FLX_JSON_IS_ARRAY:
        return read_uuids(form, place, field, value);
    case FLX_JSON_IS_STRING:
    case FLX_JSON_IS_NULL:
        break;
    }
    return read_string(form, place, field, value);
}

/* -- Forms -- */

static void add_fault(flx_form *form, const char *field, const char *rule)
{
    form->faults[form->fault_count].field = field;
    form->faults[form->fault_count].rule = rule;
    form->fault_count++;
}

/* The whole text is bad: nothing else counts. */
static int refuse(flx_form *form, const char *what, const char *rule)
{
    flx_form_free(form);
    form->is_malformed = 1;
    add_fault(form, what, rule);
    return -1;
}

static void begin(reader *in, flx_form *form, const flx_field *fields, int count)
{
    memset(form, 0, sizeof *form);
    memset(in, 0, sizeof *in);
    in->fields = fields;
    in->count = count;
}

/* One block for all values: none is longer than it was given but for UUIDs, times and numbers,
 * which have a length of their own, and a NUL. (A UUID in an array takes 38 bytes and a comma as
 * it is given, 36 and a comma as it is kept.) */
static size_t room_for(const reader *in)
{
    size_t room = 1;
    int i;

    for (i = 0; i < in->count; i++) {
        if (in->found[i].at != NULL) {
            room += in->found[i].length + FLX_UUID_TEXT + 1;
        }
    }
    return room;
}

/* Judges what was found, field by field. */
static int judge(flx_form *form, const reader *in, const char *what,
                 const char *(*read)(flx_form *, int, const flx_field *, flx_slice))
{
    int i;

    form->memory = malloc(room_for(in));
    if (form->memory == NULL) {
        return refuse(form, what, no_memory);
    }
    for (i = 0; i < in->count; i++) {
        const flx_field *field = &in->fields[i];
        const char *rule = NULL;
        if (in->is_repeated[i]) {
            rule = "repeated";
        }
        else if (in->found[i].at != NULL) {
            rule = read(form, i, field, in->found[i]);
        }
        if (rule == NULL && field->required && form->values[i] == NULL) {
            rule = "required";
        }
        if (rule == no_memory) {
            return refuse(form, what, rule);
        }
        if (rule != NULL) {
            add_fault(form, field->name, rule);
        }
    }
    return form->fault_count > 0 ? -1 : 0;
}

static void find_member(void *baton, const flx_json_member *member)
{
    reader *in = baton;
    int i;

    for (i = 0; i < in->count; i++) {
        if (flx_json_key_is(member->key, in->fields[i].name)) {
            in->found[i] = member->value;
            return;
        }
    }
}

static int is_object(const char *text, size_t length)
{
    size_t i = 0;

    while (i < length && strchr(" \t\r\n", text[i]) != NULL) {
        i++;
    }
    return i < length && text[i] == '{';
}

int flx_form_read_json(flx_form *form, const flx_field *fields, int count, const char *text,
                       size_t length)
{
    static const char *const rules[] = {
        [FLX_JSON_SYNTAX] = "syntax",
        [FLX_JSON_ENCODING] = "encoding",
        [FLX_JSON_NUL] = "nul",
        [FLX_JSON_DUPLICATE] = "duplicate_key",
        [FLX_JSON_TOO_DEEP] = "too_deep",
        [FLX_JSON_TOO_MANY] = "too_many_members",
        [FLX_JSON_TOO_LONG] = "number_too_long",
        [FLX_JSON_NO_MEMORY] = no_memory,
    };
    const char *body = length > 0 ? text : "";
    flx_json_fault fault;
    reader in;

    begin(&in, form, fields, count);
    fault = flx_json_scan(body, length, find_member, &in, NULL);
    if (fault != FLX_JSON_FINE) {
        return refuse(form, "body", rules[fault]);
    }
    if (!is_object(body, length)) {
        return refuse(form, "body", "not_an_object");
    }
    return judge(form, &in, "body", read_member);
}

/* Notes a parameter, decoded, for the field it belongs to. */
static void find_parameter(reader *in, flx_slice name, flx_slice value)
{
    int i;

    for (i = 0; i < in->count; i++) {
        const char *known = in->fields[i].name;
        if (strlen(known) == name.length && memcmp(known, name.at, name.length) == 0) {
            in->is_repeated[i] = in->found[i].at != NULL;
            in->found[i] = value;
            return;
        }
    }
}

/* Decodes all parameters into memory, which has room for as much as the query. */
static int find_parameters(reader *in, flx_slice query, char *memory)
{
    flx_query_parameter written;

    while (flx_query_next(&query, &written)) {
        flx_slice name = { memory, 0 }, value;
        if (flx_query_decode(written.name, memory, &name.length) != 0) {
            return -1;
        }
        memory += name.length;
        value.at = memory;
        if (flx_query_decode(written.value, memory, &value.length) != 0) {
            return -1;
        }
        memory += value.length;
        find_parameter(in, name, value);
    }
    return 0;
}

int flx_form_read_query(flx_form *form, const flx_field *fields, int count, const char *query,
                        size_t length)
{
    flx_slice text = { length > 0 ? query : "", length };
    reader in;
    char *memory;
    int status;

    begin(&in, form, fields, count);
    memory = malloc(length + 1);
    if (memory == NULL) {
        return refuse(form, "query", no_memory);
    }
    if (find_parameters(&in, text, memory) != 0) {
        status = refuse(form, "query", "encoding");
    }
    else {
        status = judge(form, &in, "query", read_plain);
    }
    free(memory);
    return status;
}

void flx_form_free(flx_form *form)
{
    free(form->memory);
    memset(form, 0, sizeof *form);
}
