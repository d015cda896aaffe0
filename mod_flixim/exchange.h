/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange with the database at a time, on one connection, within a time. */
#ifndef FLIXIM_EXCHANGE_H
#define FLIXIM_EXCHANGE_H

#include "apr_time.h"

/* What libpq has, by its own declarations. */
typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;
typedef struct pg_cancel PGcancel;

/* A connection in non-blocking mode that a request has borrowed. */
typedef struct flixim_line {
    PGconn *conn;
    /* when to give up, by flixim_clock_now() */
    apr_time_t deadline;
    /* the last result; whoever has the line owns it */
    PGresult *result;
    /* how to cancel what was cut, if something was; owned likewise */
    PGcancel *cancel;
} flixim_line;

/* How an exchange ended. */
typedef enum flixim_exchange_end {
    FLIXIM_ANSWERED, /* with a result, which may be an error, and ready for the next one */
    FLIXIM_DIED,     /* the connection ended, before or after the other side had read all of it */
    FLIXIM_SILENT,   /* the time ended; the connection is cut */
    FLIXIM_AWAY      /* there is no connection, nor could one be made */
} flixim_exchange_end;

/* Each sends something and waits for the last of its results, which is the one that counts: after rows
 * there can still come an error, from the commit. It replaces LINE's result. VALUES are COUNT
 * parameters as text; results are binary. */
flixim_exchange_end flixim_exchange_text(flixim_line *line, const char *text, int count,
                                         const char *const *values);
flixim_exchange_end flixim_exchange_prepare(flixim_line *line, const char *name, const char *text);
flixim_exchange_end flixim_exchange_prepared(flixim_line *line, const char *name, int count,
                                             const char *const *values);

/* Whether the last result says that all went well. */
int flixim_exchange_went_well(const flixim_line *line);

/* Whether the connection is alive as far as can be seen without asking: a server that went away
 * while the connection was idle has left its farewell and the end of the stream to be read. Seen
 * here, it is certain that what was not sent did not run. */
int flixim_exchange_is_alive(const flixim_line *line);

/* Connects anew, to whatever host the connection's parameters lead to now: 1 if that worked. */
int flixim_exchange_reconnect(const flixim_line *line);

/* Ends the connection, so that mod_dbd connects it anew before it lends it again. */
void flixim_exchange_drop(const flixim_line *line);

#endif
