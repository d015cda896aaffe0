/* SPDX-License-Identifier: Apache-2.0 */
/* All connections together: their clock, what they share, and how they end with the daemon. */
#include "connections.h"

#include "frames.h"

#include <stdio.h>
#include <stdlib.h>

static void on_handle_closed(uv_handle_t *handle)
{
    struct push_connections *all = handle->data;

    if (--all->handles > 0) {
        return;
    }
    if (all->is_freed) {
        all->server = NULL;
        push_connections_free(all);
    }
    else {
        all->done(all->data);
    }
}

void push_connections_check_drained(struct push_connections *all)
{
    if (all->done != NULL && all->count == 0 && !uv_is_closing((uv_handle_t *)&all->timer)) {
        uv_close((uv_handle_t *)&all->timer, on_handle_closed);
        uv_close((uv_handle_t *)&all->idle, on_handle_closed);
    }
}

/* Tells as many connections to end as it is time for. */
static void go_on_draining(struct push_connections *all, uint64_t now)
{
    uint64_t past = now - all->drain_began;
    size_t wanted =
        past >= all->drain_time
            ? SIZE_MAX
            : (size_t)((double)all->drain_count * (double)past / (double)all->drain_time);
    push_connection *connection = all->all;

    while (connection != NULL && all->drain_told < wanted) {
        push_connection *next = connection->next; /* nothing is freed before the loop closes it */
        if (!connection->is_told) {
            connection->is_told = 1;
            all->drain_told++;
            if (connection->phase == PUSH_CONNECTION_OPEN) {
                connection->protocol->drain(connection);
            }
        }
        if (past > all->drain_time + PUSH_CONNECTIONS_GOODBYE + 2000) {
            push_connection_cut(connection);
        }
        connection = next;
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct push_connections *all = timer->data;
    uint64_t now = uv_now(timer->loop);

    push_wheel_turn(&all->wheel, now, push_connection_expire);
    if (all->done != NULL) {
        go_on_draining(all, now);
    }
}

struct push_connections *push_connections_make(push_server *server)
{
    struct push_connections *all = calloc(1, sizeof *all);

    if (all == NULL) {
        return NULL;
    }
    all->server = server;
    all->work_tail = &all->work;
    all->read = malloc(PUSH_CONNECTIONS_READ);
    all->text = malloc(PUSH_CONNECTIONS_TEXT);
    all->frames = push_frames_make();
    if (all->read == NULL || all->text == NULL || all->frames == NULL ||
        uv_timer_init(server->loop, &all->timer) != 0) {
        push_connections_free(all);
        return NULL;
    }
    uv_idle_init(server->loop, &all->idle);
    all->handles = 2;
    all->timer.data = all;
    all->idle.data = all;
    push_wheel_init(&all->wheel, uv_now(server->loop));
    uv_timer_start(&all->timer, on_tick, PUSH_WHEEL_TICK, PUSH_WHEEL_TICK);
    uv_unref((uv_handle_t *)&all->timer);
    return all;
}

void push_connections_drain(struct push_connections *all, int64_t milliseconds,
                            void (*done)(void *data), void *data)
{
    all->done = done;
    all->data = data;
    all->drain_began = uv_now(all->server->loop);
    all->drain_time = milliseconds > 0 ? (uint64_t)milliseconds : 0;
    all->drain_count = all->count;
    uv_ref((uv_handle_t *)&all->timer);
    uv_timer_start(&all->timer, on_tick, 0, 50);
    push_connections_check_drained(all);
}

void push_connections_free(struct push_connections *all)
{
    if (all == NULL) {
        return;
    }
    if (all->handles > 0) {
        all->is_freed = 1;
        uv_close((uv_handle_t *)&all->timer, on_handle_closed);
        uv_close((uv_handle_t *)&all->idle, on_handle_closed);
        return;
    }
    push_frames_free(all->frames);
    free(all->read);
    free(all->text);
    free(all);
}

int push_connections_reserve(struct push_connections *all)
{
    push_server *server = all->server;

    if (all->count + all->reserved >= (size_t)server->settings->connections) {
        server->metrics.connections_refused_total++;
        return -1;
    }
    all->reserved++;
    return 0;
}

void push_connections_unreserve(struct push_connections *all)
{
    all->reserved--;
}

const char *push_connections_date(struct push_connections *all)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = time(NULL);
    struct tm tm;

    if (now != all->date_of && gmtime_r(&now, &tm) != NULL) {
        snprintf(all->date, sizeof all->date, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                 days + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday, months + (ptrdiff_t)3 * tm.tm_mon,
                 (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
        all->date_of = now;
    }
    return all->date;
}

struct push_frames *push_connections_frames(struct push_connections *all)
{
    return all->frames;
}
