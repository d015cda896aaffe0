/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a result in PostgreSQL's binary form, by the name of their column. */
#include "flx_result.h"

#include <string.h>

/* The binary form of an array of one dimension: dimensions, flags, element type, size, lower
 * bound, then per element its length and bytes (PostgreSQL, src/backend/utils/adt/arrayfuncs.c,
 * array_send). */
#define ARRAY_HEADER  20
#define ARRAY_SIZE_AT 12
#define UUID_ELEMENT  (4 + FLX_UUID_BYTES)

flx_value flx_result_at(const PGresult *result, int row, int column)
{
    flx_value value = { NULL, 0 };

    if (row < PQntuples(result) && column >= 0 && !PQgetisnull(result, row, column)) {
        value.at = PQgetvalue(result, row, column);
        value.length = (size_t)PQgetlength(result, row, column);
    }
    return value;
}

flx_value flx_result_get(const PGresult *result, int row, const char *column)
{
    return flx_result_at(result, row, PQfnumber(result, column));
}

PGresult *flx_result_copy_row(const PGresult *result, int row)
{
    PGresult *copy = PQcopyResult(result, PG_COPYRES_ATTRS);
    int columns = PQnfields(result), column;

    for (column = 0; copy != NULL && column < columns; column++) {
        int is_null = PQgetisnull(result, row, column);

        if (!PQsetvalue(copy, 0, column, is_null ? NULL : PQgetvalue(result, row, column),
                        is_null ? -1 : PQgetlength(result, row, column))) {
            PQclear(copy);
            return NULL;
        }
    }
    return copy;
}

/* A number in network byte order. */
static uint64_t read_number(const char *at, size_t length)
{
    uint64_t number = 0;
    size_t i;

    for (i = 0; i < length; i++) {
        number = number << 8 | (unsigned char)at[i];
    }
    return number;
}

int64_t flx_value_int(flx_value value)
{
    if (value.length == 4) {
        return (int32_t)read_number(value.at, 4);
    }
    return value.length == 8 ? (int64_t)read_number(value.at, 8) : 0;
}

int flx_value_bool(flx_value value)
{
    return value.length == 1 && *value.at != 0;
}

flx_time flx_value_time(flx_value value)
{
    int64_t us = flx_value_int(value);
    int64_t ms = us / 1000 - (us % 1000 < 0);

    if (ms > FLX_TIME_MAX - FLX_TIME_PG_EPOCH) {
        return FLX_TIME_MAX;
    }
    if (ms < FLX_TIME_MIN - FLX_TIME_PG_EPOCH) {
        return FLX_TIME_MIN;
    }
    return ms + FLX_TIME_PG_EPOCH;
}

flx_uuid flx_value_uuid(flx_value value)
{
    flx_uuid uuid = { { 0 } };

    if (value.length == FLX_UUID_BYTES) {
        memcpy(uuid.bytes, value.at, FLX_UUID_BYTES);
    }
    return uuid;
}

int flx_value_uuid_count(flx_value array)
{
    uint64_t size;

    if (array.length < ARRAY_HEADER) {
        return 0;
    }
    size = read_number(array.at + ARRAY_SIZE_AT, 4);
    return array.length == ARRAY_HEADER + size * UUID_ELEMENT ? (int)size : 0;
}

flx_uuid flx_value_uuid_at(flx_value array, int index)
{
    flx_value element = { array.at + ARRAY_HEADER + (size_t)index * UUID_ELEMENT + 4,
                          FLX_UUID_BYTES };

    return flx_value_uuid(element);
}

int flx_value_is(flx_value value, const char *text)
{
    return value.at != NULL && value.length == strlen(text) &&
           memcmp(value.at, text, value.length) == 0;
}
