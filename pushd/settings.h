/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's settings: one table, from a file and from flags. */
#ifndef PUSH_SETTINGS_H
#define PUSH_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "log.h"

/* Times are in milliseconds, sizes in bytes. Texts are never NULL but where it says so, lists end with
 * NULL. In alphabetical order, as the table and conf/pushd.conf. */
typedef struct push_settings {
    const char *const
        *allow_origins;        /* check_origin lines; empty: the request's own host; "*": all */
    const char *apns_key_file; /* "": no APNs */
    const char *apns_key_id;
    const char *apns_team_id;
    const char *apns_topic; /* of devices without an app_id */
    const char *apns_url;
    int64_t connect_backlog;      /* listen(2)'s backlog */
    int64_t connections;          /* at most, of all clients; beyond: 503 */
    int64_t connections_per_user; /* sockets of one user on this daemon */
    const char *database;         /* libpq's connection string */
    int64_t database_readers;     /* connections that read */
    int64_t database_senders;     /* connections that send messages */
    int64_t database_timeout;     /* of one statement */
    int64_t database_writers;     /* connections that write anything else */
    int64_t drain_time;           /* over how long connections are closed at the end */
    int64_t frame_size;           /* bytes of one message from a client, and of one frame */
    const char *fcm_key_file;     /* of the service account; "": no FCM */
    const char *fcm_url;
    int64_t fragments;        /* frames that one message may come in */
    int64_t head_size;        /* bytes of a request head */
    int64_t head_time;        /* in which a request head (and a TLS handshake) must have arrived */
    int64_t hold_time;        /* how long a joined channel waits for its first sync */
    int64_t idle_time;        /* without a received byte */
    int64_t joins_per_second; /* of the whole daemon; more wait for their turn */
    int64_t listener_lease;   /* of a sleeping daemon (flixim.listeners) */
    const char *listen_handoff; /* a path; "": none */
    const char *listen_tcp;     /* "address:port"; "": none */
    const char *listen_tls;
    const char *listen_unix; /* a path; "": none */
    push_log_level log_level;
    int64_t longpoll_sessions;
    int64_t longpoll_window;      /* how long a poll waits */
    int64_t message_time;         /* in which a message that has begun must have arrived */
    int notification_text;        /* whether pushes have the text of messages */
    const char *path;             /* where the socket is mounted: "/socket" */
    int64_t presence_lease;       /* how long this daemon counts as alive without a word */
    const char *provider_ca_file; /* of certificates of push services; "": the system's */
    int64_t provider_requests;    /* under way at once, for each provider */
    int64_t provider_timeout;     /* of one request */
    int64_t push_burst;           /* of the next one */
    int64_t pushes_per_second;    /* messages into channels, of each user; 0: no limit */
    int64_t queue_size;           /* bytes that wait for one client */
    int64_t safety_poll; /* how often the stream is read although nobody woke us; 0: never */
    int strict_channels; /* unknown events end the channel, as in Phoenix */
    const char *tls_certificate_file;
    const char *tls_key_file;
    const char *token_audience;  /* "": any */
    const char *token_issuer;    /* "": any */
    const char *token_jwks_file; /* "": none */
    const char *token_key_file;  /* "": none */
    int64_t token_leeway;
    const char *const *
        web_push_hosts; /* to which pushes may go: names, "*.example.org", with a port if it is not 443 */
    const char *web_push_key_file; /* "": no Web Push */
    const char *web_push_subject;
    const char *webhook_key_file; /* "": no webhook */
    const char *webhook_url;
} push_settings;

/* The defaults, then what path (NULL: no file) says, then what flags ("--idle-time=60s", count of them) say. Also
 * checks that they fit together. From the heap, to be freed with push_settings_free; NULL with *why, a
 * sentence that names file, line and setting, in a buffer of the given size. */
const push_settings *push_settings_read(const char *path, const char *const *flags, int count,
                                        char *why, size_t size) __attribute__((warn_unused_result));

void push_settings_free(const push_settings *settings);

/* At a reload: what cannot change while the daemon runs (see the table) is taken over from before, and names,
 * a buffer of the given size, lists what would have changed ("" if nothing would). Returns 0, or -1 if
 * there is no memory. */
int push_settings_keep_fixed(const push_settings *settings, const push_settings *before,
                             char *names, size_t size) __attribute__((warn_unused_result));

#endif
