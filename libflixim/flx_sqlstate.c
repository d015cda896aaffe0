/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of the database means for whoever asked: its SQLSTATE, sorted. */
#include "flx_sqlstate.h"

#include <stddef.h>
#include <string.h>

flx_sqlstate flx_sqlstate_of(const char *state, const char *function)
{
    /* the beginning of a SQLSTATE, and what it means */
    static const struct {
        const char *begin;
        flx_sqlstate kind;
    } table[] = {
        { "40001", FLX_SQLSTATE_CONFLICT }, /* could not serialize */
        { "40P01", FLX_SQLSTATE_CONFLICT }, /* deadlock */
        { "26000", FLX_SQLSTATE_STALE },    /* no such prepared statement */
        { "42P05", FLX_SQLSTATE_STALE },    /* there is one already */
        { "25006", FLX_SQLSTATE_STANDBY },  /* in a read-only transaction */
        { "53", FLX_SQLSTATE_PASSING },     /* disk, memory, connections */
        { "55P03", FLX_SQLSTATE_PASSING },  /* lock_timeout */
        { "57014", FLX_SQLSTATE_PASSING },  /* statement_timeout, or cancelled by somebody */
        { "57P0", FLX_SQLSTATE_PASSING },   /* going down, crashed, not up yet */
        { "58", FLX_SQLSTATE_PASSING },     /* the operating system: reading, writing */
    };

    if (!state) {
        return FLX_SQLSTATE_FAULT;
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (!strncmp(state, table[i].begin, strlen(table[i].begin))) {
            return table[i].kind;
        }
    }
    /* "cached plan must not change result type" shares its SQLSTATE with whatever is not supported. */
    if (!strcmp(state, "0A000") && function && !strcmp(function, "RevalidateCachedQuery")) {
        return FLX_SQLSTATE_STALE;
    }
    return FLX_SQLSTATE_FAULT;
}
