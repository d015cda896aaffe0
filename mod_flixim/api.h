/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the API; each lives in the api_ file of its noun. */
#ifndef FLIXIM_API_H
#define FLIXIM_API_H

#include "httpd.h"

#include "credentials.h"
#include "flx_form.h"

/* A request that has passed every check that needs no database. */
typedef struct flixim_request {
    request_rec *r;
    /* the path of the section that the API is in ("/api/v1") */
    const char *location;
    /* what stands in the path's place for an id, in its canonical form; NULL if it has none */
    const char *id;
    /* who asks; not set where no token is asked for */
    flixim_caller caller;
    /* whether the database has called the token valid, beside the operation's own call */
    int is_token_judged;
    /* whether the request counts towards the user's FlixIMRateLimit */
    int is_counted;
    /* the values of the operation's fields */
    flx_form form;
} flixim_request;

/* Answers a request and returns what the handler hook shall return: OK once a reply is written. */
typedef int flixim_api_function(flixim_request *request);

/* Checks what no single field can tell, and completes the form's values: 0, or -1 and *FAULT. */
typedef int flixim_api_check(flixim_request *request, flx_fault *fault);

/* What there is to know of an operation before it is called. */
typedef struct flixim_operation {
    flixim_api_function *function;
    /* NULL if there is nothing more to check */
    flixim_api_check *check;
    /* what it takes from the query or from a body of JSON: one of both at most */
    const flx_field *query_fields;
    const flx_field *body_fields;
    int field_count;
    /* whether it is for everybody, without a token */
    int is_open;
} flixim_operation;

/* api_health.c */
extern const flixim_operation flixim_api_get_health;

/* api_messages.c: what a viewer has */
extern const flixim_operation flixim_api_list_messages;
extern const flixim_operation flixim_api_get_message;
extern const flixim_operation flixim_api_delete_message;
extern const flixim_operation flixim_api_mark_read;
extern const flixim_operation flixim_api_withdraw_message;
extern const flixim_operation flixim_api_mark_read_batch;
extern const flixim_operation flixim_api_read_all;
extern const flixim_operation flixim_api_get_unread_count;
extern const flixim_operation flixim_api_sync_messages;

/* api_send.c */
extern const flixim_operation flixim_api_create_message;

/* api_conversations.c */
extern const flixim_operation flixim_api_list_conversations;
extern const flixim_operation flixim_api_create_conversation;
extern const flixim_operation flixim_api_get_conversation;
extern const flixim_operation flixim_api_update_conversation;
extern const flixim_operation flixim_api_list_history;

/* api_devices.c */
extern const flixim_operation flixim_api_create_device;
extern const flixim_operation flixim_api_list_devices;
extern const flixim_operation flixim_api_delete_device;

/* api_settings.c */
extern const flixim_operation flixim_api_get_notification_settings;
extern const flixim_operation flixim_api_update_notification_settings;

/* api_token.c */
extern const flixim_operation flixim_api_get_token;

#endif
