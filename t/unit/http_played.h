/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client of the daemon, played: what a provider asks it for is kept, and answered when a test says so. And the clock. */
#ifndef FLX_HTTP_PLAYED_H
#define FLX_HTTP_PLAYED_H

#include <stdarg.h>

#include "http_client.h"
#include "log.h"
#include "notification.h"
#include "tokens.h"

#define PLAYED_NOW INT64_C(1750000000000)

static struct {
    flx_time now;
    int has_no_memory;
    /* the request that waits for its answer */
    int sent; /* so far */
    char url[1000];
    char headers[8000]; /* a line each */
    char body[8000];
    push_http_done *done;
    void *data;
    char log[4000]; /* a line each */
} played = { .now = PLAYED_NOW };

flx_time push_tokens_now(void)
{
    return played.now;
}

void push_log(push_log_level level, const char *format, ...)
{
    size_t length = strlen(played.log);
    va_list values;

    (void)level;
    va_start(values, format);
    vsnprintf(played.log + length, sizeof played.log - length, format, values);
    va_end(values);
    assert_true(strlen(played.log) < sizeof played.log - 2);
    strcat(played.log, "\n");
}

/* A buffer as a text, a NUL within as a line end. */
static inline void played_text(char *text, size_t size, const flx_buffer *buffer)
{
    size_t i;

    assert_false(flx_buffer_failed(buffer));
    assert_true(buffer->length < size);
    assert_null(buffer->length > 0 ? memchr(buffer->at, '\n', buffer->length) : NULL);
    for (i = 0; i < buffer->length; i++) {
        text[i] = buffer->at[i] != '\0' ? buffer->at[i] : '\n';
    }
    text[i] = '\0';
}

static inline void played_keep(const push_http_request *request)
{
    played_text(played.url, sizeof played.url, &request->url);
    played_text(played.headers, sizeof played.headers, &request->headers);
    played_text(played.body, sizeof played.body, &request->body);
}

int push_http_client_send(struct push_http_client *client, const push_http_request *request,
                          push_http_done *done, void *data)
{
    (void)client;
    if (played.has_no_memory) {
        return -1;
    }
    assert_null(played.done);
    played_keep(request);
    played.sent++;
    played.done = done;
    played.data = data;
    return 0;
}

static inline void played_answer(int status, const char *body, int64_t retry_after)
{
    push_http_answer answer = {
        .status = status, .why = "timeout", .length = strlen(body), .retry_after = retry_after
    };
    push_http_done *done = played.done;
    char *copy = unit_copy(body, answer.length);

    assert_non_null(done);
    answer.body = copy;
    played.done = NULL;
    done(played.data, &answer);
    free(copy);
}

/* A notification as push_notification_read makes them. */
static const push_notification played_notification = {
    .id = "01010101-0101-0101-0101-010101010101",
    .device_id = "02020202-0202-0202-0202-020202020202",
    .user_id = "03030303-0303-0303-0303-030303030303",
    .message_id = "04040404-0404-0404-0404-040404040404",
    .sender_id = "05050505-0505-0505-0505-050505050505",
    .attempt = 1,
    .app_id = "",
    .token = "0123abcd",
    .platform = "ios",
    .locale = "zh-CN",
    .conversation_id = "private:1",
    .message_type = "private_message",
    .content_type = "text",
    .server_timestamp = INT64_C(1744281000123),
    .lifetime = 3600,
    .badge = 7,
    .title = "新消息",
    .text = "a \"b\"",
    .collapse = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

#define PLAYED_DATA_START                                                                          \
    "\"push_id\":\"01010101-0101-0101-0101-010101010101\",\"event\":\"new_message\","              \
    "\"user_id\":\"03030303-0303-0303-0303-030303030303\","                                        \
    "\"message_id\":\"04040404-0404-0404-0404-040404040404\",\"conversation_id\":\"private:1\","
#define PLAYED_DATA_MIDDLE                                                                         \
    "\"content_type\":\"text\",\"sender_id\":\"05050505-0505-0505-0505-050505050505\","            \
    "\"server_timestamp\":\"2025-04-10T10:30:00.123Z\",\"title\":\"新消息\","                   \
    "\"text\":\"a \\\"b\\\"\","

#endif
