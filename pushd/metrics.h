/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon counts, and how GET /metrics shows it (Prometheus' text format). */
#ifndef PUSH_METRICS_H
#define PUSH_METRICS_H

#include <stdint.h>

#include "flx_buffer.h"
#include "provider_names.h"

/* X(name, kind, help): one line for each; kind is counter or gauge. Shown as flixim_pushd_<name>. */
#define PUSH_METRICS(X)                                                                            \
    X(connections, gauge, "Connections of clients that are open.")                                 \
    X(connections_accepted_total, counter, "Connections accepted.")                                \
    X(connections_refused_total, counter, "Connections refused because there were too many.")      \
    X(handoffs_total, counter, "Clients that httpd asked us to take.")                             \
    X(handoffs_refused_total, counter, "Of these, those that were refused.")                       \
    X(handoffs_lost_total, counter, "Hand-offs that came to nothing: httpd, or we, gave up.")      \
    X(handoffs_bad_total, counter, "Hand-offs that were not as they should be.")                   \
    X(websockets, gauge, "WebSockets that are open.")                                              \
    X(longpoll_sessions, gauge, "Long-poll sessions that are alive.")                              \
    X(upgrades_refused_total, counter, "Upgrades refused.")                                        \
    X(channels, gauge, "Channels that are joined.")                                                \
    X(joins_total, counter, "Joins that succeeded.")                                               \
    X(joins_refused_total, counter, "Joins that were refused.")                                    \
    X(joins_delayed_total, counter, "Joins that had to wait for joins_per_second.")                \
    X(messages_received_total, counter, "Messages received from clients.")                         \
    X(messages_sent_total, counter, "Messages sent to clients.")                                   \
    X(bytes_received_total, counter, "Bytes received from clients.")                               \
    X(bytes_sent_total, counter, "Bytes written to clients.")                                      \
    X(events_pushed_total, counter, "Events pushed into channels.")                                \
    X(channels_doubtful, gauge, "Of the joined channels, those whose client may not be there.")    \
    X(channels_doubtful_total, counter, "Times that events did not arrive for push_delay.")        \
    X(pings_sent_total, counter, "Pings sent to clients behind a tunnel that were silent.")        \
    X(presence_users, gauge, "Users that are online here, as far as the database was told.")       \
    X(presence_told_total, counter, "Users of whom the database was told that this changed.")      \
    X(presence_beats_total, counter, "Times that the database was told that this daemon lives.")   \
    X(presence_pushes_total, counter, "Pushes made for what connections may not have brought.")    \
    X(events_caught_up_total, counter,                                                             \
      "Of these, those read by sync rather than from the stream.")                                 \
    X(pushes_refused_total, counter, "Messages refused by pushes_per_second.")                     \
    X(user_connections_refused_total, counter, "Sockets refused by connections_per_user.")         \
    X(channels_refused_total, counter, "Joins refused because a connection had 100 channels.")     \
    X(closed_protocol_total, counter, "Closed for a violation of RFC 6455 (1002).")                \
    X(closed_undecodable_total, counter, "Closed for an undecodable message (1011).")              \
    X(closed_size_total, counter, "Closed for a frame, message or fragments too many (1009).")     \
    X(closed_idle_total, counter, "Closed because nothing was received (1002).")                   \
    X(closed_slow_reader_total, counter, "Closed because the queue was full (1013).")              \
    X(closed_slow_writer_total, counter,                                                           \
      "Closed because a head or message did not come to its end.")                                 \
    X(closed_expired_total, counter, "Closed because the token expired (1008).")                   \
    X(closed_revoked_total, counter, "Closed because the token was revoked (1001).")               \
    X(pushes_sent_total, counter, "Pushes that a service has taken.")                              \
    X(pushes_failed_total, counter, "Tries that failed, after which a push is tried again.")       \
    X(pushes_dead_total, counter, "Pushes given up because of what a service said.")               \
    X(pushes_gone_total, counter, "Devices that a service said are no more.")                      \
    X(pushes_in_flight, gauge, "Pushes that are being sent.")                                      \
    X(pushes_collected_total, counter, "Pushes that this daemon found to be needed.")              \
    X(pushes_waiting, gauge, "Pushes of the site that wait.")                                      \
    X(pushes_due, gauge, "Of these, those that are due.")                                          \
    X(pushes_oldest_due_seconds, gauge, "For how long the oldest of these has been due.")          \
    X(pushes_dead, gauge, "Pushes of the site that were given up and are kept to be looked at.")   \
    X(database_connections, gauge, "Connections to PostgreSQL that are usable.")                   \
    X(database_calls_total, counter, "Statements sent for clients.")                               \
    X(database_unavailable_total, counter, "Calls answered unavailable.")                          \
    X(database_reconnects_total, counter, "Connections to PostgreSQL made anew.")                  \
    X(stream_reads_total, counter, "Reads of the event stream.")                                   \
    X(stream_events_total, counter, "Events read from the stream.")                                \
    X(stream_overruns_total, counter, "Reads that found too much, so that channels caught up.")    \
    X(stream_wakeups_total, counter, "Notifications received.")                                    \
    X(stream_safety_caught_total, counter, "Events that only the safety poll found: must be 0.")   \
    X(stream_restarts_total, counter, "Times the stream began anew.")

/* The same, for each push service: shown with provider="...". */
#define PUSH_PROVIDER_METRICS(X)                                                                   \
    X(provider_requests_total, counter, "Requests sent for pushes.")                               \
    X(provider_sent_total, counter, "Pushes that the service has taken.")                          \
    X(provider_failed_total, counter, "Tries that failed, after which a push is tried again.")     \
    X(provider_in_flight, gauge, "Pushes that are being sent.")                                    \
    X(provider_due, gauge, "Pushes of the site that are due.")                                     \
    X(provider_oldest_due_seconds, gauge, "For how long the oldest of these has been due.")

typedef struct push_metrics {
#define PUSH_METRIC_MEMBER(name, kind, help) int64_t name;
    PUSH_METRICS(PUSH_METRIC_MEMBER)
#undef PUSH_METRIC_MEMBER
#define PUSH_METRIC_MEMBERS(name, kind, help) int64_t name[PUSH_PROVIDERS];
    PUSH_PROVIDER_METRICS(PUSH_METRIC_MEMBERS)
#undef PUSH_METRIC_MEMBERS
} push_metrics;

/* Appends all of them. */
void push_metrics_write(flx_buffer *buffer, const push_metrics *metrics);

#endif
