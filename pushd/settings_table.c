/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all settings: what kind of value each takes, its default, its range. */
#include "settings_table.h"

#include <string.h>

#include "settings.h"

#define FIXED   1
#define CHANGES 0

/* clang-format off */
#define NUMBER(name, kind, by_default, minimum, maximum, is_fixed) \
    { #name, offsetof(push_settings, name), by_default, minimum, maximum, PUSH_SETTING_##kind, is_fixed }
#define VALUE(name, kind, by_default, is_fixed) \
    { #name, offsetof(push_settings, name), by_default, NULL, NULL, PUSH_SETTING_##kind, is_fixed }

/* conf/pushd.conf says what each means; t/guard/settings.t compares the two. */
const push_setting push_settings_table[] = {
    VALUE(allow_origins, ORIGINS, "", CHANGES),
    VALUE(apns_key_file, FILE, "", CHANGES),
    VALUE(apns_key_id, TEXT, "", CHANGES),
    VALUE(apns_team_id, TEXT, "", CHANGES),
    VALUE(apns_topic, TEXT, "", CHANGES),
    VALUE(apns_url, URL, "https://api.push.apple.com", CHANGES),
    NUMBER(connect_backlog, COUNT, "1024", "1", "65535", FIXED),
    NUMBER(connections, COUNT, "15000", "1", "1000000", CHANGES),
    NUMBER(connections_per_user, COUNT, "100", "1", "100000", CHANGES),
    VALUE(database, TEXT, "host=/run/postgresql dbname=flixim user=flixim_push", FIXED),
    NUMBER(database_readers, COUNT, "4", "1", "100", FIXED),
    NUMBER(database_senders, COUNT, "2", "1", "100", FIXED),
    NUMBER(database_timeout, TIME, "5s", "100ms", "1h", CHANGES),
    NUMBER(database_writers, COUNT, "2", "1", "100", FIXED),
    NUMBER(drain_time, TIME, "3s", "0", "10min", CHANGES),
    VALUE(fcm_key_file, FILE, "", CHANGES),
    VALUE(fcm_url, URL, "https://fcm.googleapis.com", CHANGES),
    NUMBER(fragments, COUNT, "1024", "1", "1000000", CHANGES),
    NUMBER(frame_size, SIZE, "1M", "1K", "64M", CHANGES),
    NUMBER(head_size, SIZE, "16K", "1K", "1M", CHANGES),
    NUMBER(head_time, TIME, "10s", "100ms", "10min", CHANGES),
    NUMBER(hold_time, TIME, "500ms", "0", "1min", CHANGES),
    NUMBER(idle_time, TIME, "60s", "1s", "24h", CHANGES),
    NUMBER(joins_per_second, COUNT, "8000", "1", "1000000", CHANGES),
    VALUE(listen_handoff, FILE, "/run/flixim/handoff.sock", FIXED),
    VALUE(listen_tcp, ADDRESS, "", FIXED),
    VALUE(listen_tls, ADDRESS, "", FIXED),
    VALUE(listen_unix, FILE, "/run/flixim/pushd.sock", FIXED),
    NUMBER(listener_lease, TIME, "60s", "1s", "1h", CHANGES),
    VALUE(log_level, LEVEL, "info", CHANGES),
    NUMBER(longpoll_sessions, COUNT, "5000", "0", "1000000", CHANGES),
    NUMBER(longpoll_window, TIME, "10s", "100ms", "10min", CHANGES),
    NUMBER(message_time, TIME, "30s", "100ms", "1h", CHANGES),
    VALUE(notification_text, SWITCH, "on", CHANGES),
    VALUE(path, PATH, "/socket", CHANGES),
    NUMBER(presence_lease, TIME, "15s", "1s", "10min", CHANGES),
    VALUE(provider_ca_file, FILE, "", CHANGES),
    NUMBER(provider_requests, COUNT, "100", "1", "1000", CHANGES),
    NUMBER(provider_timeout, TIME, "10s", "100ms", "1min", CHANGES),
    NUMBER(push_burst, COUNT, "200", "1", "1000000", CHANGES),
    NUMBER(pushes_per_second, COUNT, "50", "0", "1000000", CHANGES),
    NUMBER(queue_size, SIZE, "1M", "64K", "1024M", CHANGES),
    NUMBER(safety_poll, TIME, "10s", "0", "1h", CHANGES),
    VALUE(strict_channels, SWITCH, "off", CHANGES),
    VALUE(tls_certificate_file, FILE, "", CHANGES),
    VALUE(tls_key_file, FILE, "", CHANGES),
    VALUE(token_audience, TEXT, "", CHANGES),
    VALUE(token_issuer, TEXT, "", CHANGES),
    VALUE(token_jwks_file, FILE, "", CHANGES),
    VALUE(token_key_file, FILE, "", CHANGES),
    NUMBER(token_leeway, TIME, "30s", "0", "10min", CHANGES),
    VALUE(web_push_hosts, HOSTS, "fcm.googleapis.com jmt17.google.com *.push.services.mozilla.com *.notify.windows.com *.push.apple.com", CHANGES),
    VALUE(web_push_key_file, FILE, "", CHANGES),
    VALUE(web_push_subject, TEXT, "", CHANGES),
    VALUE(webhook_key_file, FILE, "", CHANGES),
    VALUE(webhook_url, URL, "", CHANGES),
    { NULL, 0, NULL, NULL, NULL, PUSH_SETTING_COUNT, 0 },
};
/* clang-format on */

static int is_name(const char *known, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (known[i] != (name[i] == '-' ? '_' : name[i])) {
            return 0;
        }
    }
    return known[length] == '\0';
}

const push_setting *push_settings_table_find(const char *name, size_t length)
{
    for (const push_setting *setting = push_settings_table; setting->name != NULL; setting++) {
        if (strlen(setting->name) == length && is_name(setting->name, name, length)) {
            return setting;
        }
    }
    return NULL;
}
