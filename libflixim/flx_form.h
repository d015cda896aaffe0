/* SPDX-License-Identifier: Apache-2.0 */
/* A request's fields, read from a JSON body or a query by a table: what is given as SQL takes it,
 * and all that is wrong with it. */
#ifndef FLX_FORM_H
#define FLX_FORM_H

#include <stddef.h>
#include <stdint.h>

typedef enum flx_field_type {
    FLX_FIELD_TEXT,           /* a string of at most max characters (code points) */
    FLX_FIELD_UUID,           /* a UUID; becomes its 36 lower-case characters */
    FLX_FIELD_UUIDS,          /* JSON only: an array of min to max UUIDs; becomes "{a,b}", in the
                               * order given, duplicates (which count) once */
    FLX_FIELD_TIME,           /* an RFC 3339 date-time; becomes 24 characters, in UTC */
    FLX_FIELD_CURSOR,         /* the same, but "" and "0" mean absent */
    FLX_FIELD_BOOL,           /* JSON only: becomes "true" or "false" */
    FLX_FIELD_CHOICE,         /* one of the strings in choices */
    FLX_FIELD_NUMBER,         /* decimal digits, min to max; in JSON a number */
    FLX_FIELD_OBJECT,         /* JSON only: an object, as it is written */
    FLX_FIELD_CONVERSATION_ID /* a kind and its UUIDs, those of private: sorted; becomes lower-case */
} flx_field_type;

/* One line of a table, which is constant. */
typedef struct flx_field {
    const char *name;
    flx_field_type type;
    int required;
    int64_t min;
    int64_t max;
    const char *const *choices; /* ends with NULL */
    int null_empties;           /* null is not absent: TEXT reads it as "", OBJECT as "null" */
} flx_field;

/* Fields of one table at most. */
#define FLX_FORM_FIELDS 12

/* What is wrong with a field. Both strings are constants: the field's name (or "body", "query"),
 * and the rule it breaks, a word of those that stand at the functions below. */
typedef struct flx_fault {
    const char *field;
    const char *rule;
} flx_fault;

typedef struct flx_form {
    /* By the field's place in the table, as SQL's text form with a NUL; NULL: absent. */
    const char *values[FLX_FORM_FIELDS];
    /* At most one for each field, in the table's order. */
    flx_fault faults[FLX_FORM_FIELDS + 1];
    int fault_count;
    /* The body or the query as a whole is bad: the one fault says why, no value is given. */
    int is_malformed;
    /* private: the values that are not constants, one behind the other */
    char *memory;
    size_t used;
} flx_form;

/* Both read a text into a form, whatever that held, by a table of at most FLX_FORM_FIELDS fields.
 * The text is not needed afterwards. Members and parameters that the table does not have are
 * ignored. Each returns 0; or -1 if there are faults, and only the values of fields without one
 * are given. In any case the form is then to be freed with flx_form_free.
 *
 * A value that breaks its type's rule: string object array boolean uuid uuids time choice number
 * conversation_id; range (NUMBER), too_long (TEXT), too_many (UUIDS). An absent value, and an
 * empty array where min is above 0: required. */

/* Reads a JSON object. A member that is null is absent. Malformed, the field being "body":
 * syntax encoding nul duplicate_key too_deep too_many_members number_too_long (as flx_json_scan
 * finds), not_an_object, no_memory. */
int flx_form_read_json(flx_form *form, const flx_field *fields, int count, const char *text,
                       size_t length) __attribute__((warn_unused_result));

/* Reads the query of a URL, without its "?" (NULL: there is none). An empty value is a value, but
 * for CURSOR. A field that is given twice: repeated. Malformed, the field being "query": encoding
 * (as flx_query_decode finds, in any parameter), no_memory. */
int flx_form_read_query(flx_form *form, const flx_field *fields, int count, const char *query,
                        size_t length) __attribute__((warn_unused_result));

/* Gives a form's memory back; its values are then gone. */
void flx_form_free(flx_form *form);

#endif
