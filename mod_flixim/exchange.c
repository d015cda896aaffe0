/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange with the database at a time, on one connection, within a time. */
#include "exchange.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "libpq-fe.h"

#include "clock.h"

/* Waits until the connection's socket is ready for EVENTS: 1, or 0 when the time is over. */
static int await(const flixim_line *line, short events)
{
    struct pollfd fd = { PQsocket(line->conn), events, 0 };

    for (;;) {
        apr_time_t left = line->deadline - flixim_clock_now();
        int ready;

        if (left <= 0) {
            return 0;
        }
        ready = poll(&fd, 1, (int)((left + 999) / 1000));
        if (ready > 0) {
            return 1;
        }
        if (ready < 0 && errno != EINTR) {
            return 0;
        }
    }
}

void flixim_exchange_drop(const flixim_line *line)
{
    shutdown(PQsocket(line->conn), SHUT_RDWR);
    while (PQstatus(line->conn) == CONNECTION_OK && PQconsumeInput(line->conn)) {
        /* what had come in meanwhile */
    }
}

/* An answer that is overdue: the pool must not get the connection back busy. */
static flixim_exchange_end cut(flixim_line *line)
{
    PQfreeCancel(line->cancel);
    line->cancel = PQgetCancel(line->conn);
    flixim_exchange_drop(line);
    return FLIXIM_SILENT;
}

/* Sends what libpq has ready, and takes the results. */
static flixim_exchange_end collect(flixim_line *line)
{
    PGresult *next;
    int unsent;

    while ((unsent = PQflush(line->conn)) > 0) {
        if (!await(line, POLLIN | POLLOUT)) {
            return cut(line);
        }
        if (!PQconsumeInput(line->conn)) {
            return FLIXIM_DIED;
        }
    }
    if (unsent < 0) {
        return FLIXIM_DIED;
    }
    PQclear(line->result);
    line->result = NULL;
    for (;;) {
        while (PQisBusy(line->conn)) {
            if (!await(line, POLLIN)) {
                return cut(line);
            }
            if (!PQconsumeInput(line->conn)) {
                return FLIXIM_DIED;
            }
        }
        next = PQgetResult(line->conn);
        if (!next) {
            return PQstatus(line->conn) == CONNECTION_OK ? FLIXIM_ANSWERED : FLIXIM_DIED;
        }
        PQclear(line->result);
        line->result = next;
    }
}

flixim_exchange_end flixim_exchange_text(flixim_line *line, const char *text, int count,
                                         const char *const *values)
{
    return PQsendQueryParams(line->conn, text, count, NULL, values, NULL, NULL, 1) ? collect(line)
                                                                                   : FLIXIM_DIED;
}

flixim_exchange_end flixim_exchange_prepare(flixim_line *line, const char *name, const char *text)
{
    return PQsendPrepare(line->conn, name, text, 0, NULL) ? collect(line) : FLIXIM_DIED;
}

flixim_exchange_end flixim_exchange_prepared(flixim_line *line, const char *name, int count,
                                             const char *const *values)
{
    return PQsendQueryPrepared(line->conn, name, count, values, NULL, NULL, 1) ? collect(line)
                                                                               : FLIXIM_DIED;
}

int flixim_exchange_went_well(const flixim_line *line)
{
    ExecStatusType status = PQresultStatus(line->result);

    return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

int flixim_exchange_is_alive(const flixim_line *line)
{
    struct pollfd fd = { PQsocket(line->conn), POLLIN, 0 };

    while (PQstatus(line->conn) == CONNECTION_OK && poll(&fd, 1, 0) > 0) {
        if (!PQconsumeInput(line->conn)) {
            return 0;
        }
    }
    return PQstatus(line->conn) == CONNECTION_OK;
}

int flixim_exchange_reconnect(const flixim_line *line)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    if (!PQresetStart(line->conn)) {
        return 0;
    }
    while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
        if (!await(line, status == PGRES_POLLING_READING ? POLLIN : POLLOUT)) {
            return 0;
        }
        status = PQresetPoll(line->conn);
    }
    if (status != PGRES_POLLING_OK) {
        return 0;
    }
    /* Connecting has put it back into blocking mode. */
    PQsetnonblocking(line->conn, 1);
    return 1;
}
