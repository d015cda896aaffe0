/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a result in PostgreSQL's binary form, by the name of their column. */
#ifndef FLX_RESULT_H
#define FLX_RESULT_H

#include <stdint.h>

#include <libpq-fe.h>

#include "flx_json_scan.h"
#include "flx_time.h"
#include "flx_uuid.h"

/* A value as it came: null is at == NULL. The bytes belong to the result. */
typedef flx_slice flx_value;

/* The value in a row of the column with a name; null where there is no such column or row. */
flx_value flx_result_get(const PGresult *result, int row, const char *column);

/* A result with one row of another one, for PQclear; NULL if there is no memory. */
PGresult *flx_result_copy_row(const PGresult *result, int row) __attribute__((warn_unused_result));

/* The value in a row of a column by its number (-1: none). */
flx_value flx_result_at(const PGresult *result, int row, int column);

/* Each takes a value of the type that it names; a null or a value of another size reads as 0. */
int64_t flx_value_int(flx_value value); /* int4 or int8 */
int flx_value_bool(flx_value value);
flx_time flx_value_time(
    flx_value
        value); /* timestamptz, rounded down to a millisecond, kept within flx_time's bounds */
flx_uuid flx_value_uuid(flx_value value);

/* The number of elements of a uuid[], and one of them. */
int flx_value_uuid_count(flx_value array);
flx_uuid flx_value_uuid_at(flx_value array, int index);

/* Whether a value, a text or the label of an enum, is this. */
int flx_value_is(flx_value value, const char *text);

#endif
