/* SPDX-License-Identifier: Apache-2.0 */
/* One request, from httpd's hands to the function that answers it: the order of the checks. */
#include "handler.h"
#include "private.h"

#include "apr_strings.h"
#include "http_protocol.h"

#include "body.h"
#include "call.h"
#include "cors.h"
#include "flx_uuid.h"
#include "limiter.h"
#include "location.h"
#include "reply.h"
#include "route.h"
#include "upkeep.h"

/* What a check found. */
typedef struct finding {
    int is_refused;
    /* why, if it is */
    flx_outcome outcome;
    /* OK, or what the handler hook is to return at once since httpd has answered already */
    int status;
} finding;

static const finding fine = { 0, FLX_INTERNAL, OK };

static finding refuse(flx_outcome outcome)
{
    return (finding){ 1, outcome, OK };
}

static apr_status_t free_form(void *form)
{
    flx_form_free(form);
    return APR_SUCCESS;
}

/* Answers a request whose body nobody has looked at. */
static int refuse_unread(request_rec *r, flx_outcome outcome)
{
    int status = flixim_body_discard(r);

    return status == AP_FILTER_ERROR ? status : flixim_reply_error(r, outcome, NULL, 0);
}

/* What a body that could not be read leads to. */
static finding unreadable(int status)
{
    return (finding){ 1, flx_outcome_of_status(status),
                      status == AP_FILTER_ERROR ? AP_FILTER_ERROR : OK };
}

/* What a form that is not good leads to. That we found no memory is not the client's fault. */
static finding refuse_form(const flx_form *form, flx_outcome malformed, flx_outcome faulty)
{
    if (form->is_malformed && !strcmp(form->faults[0].rule, "no_memory")) {
        return refuse(FLX_UNAVAILABLE);
    }
    return refuse(form->is_malformed ? malformed : faulty);
}

/* Reads the body of an operation that takes one into the request's form. */
static finding take_body(flixim_request *request, const flixim_operation *operation)
{
    request_rec *r = request->r;
    flx_buffer *body;
    int status;

    /* Without a type there may still be no body: then that is what is missing. */
    if (!flixim_body_is_json(r) &&
        (flixim_body_is_there(r) || apr_table_get(r->headers_in, "Content-Type"))) {
        status = flixim_body_discard(r);
        return status == AP_FILTER_ERROR ? unreadable(status) : refuse(FLX_UNSUPPORTED_MEDIA_TYPE);
    }
    status = flixim_body_read(r, &body);
    if (status != OK) {
        return unreadable(status);
    }
    if (flx_form_read_json(&request->form, operation->body_fields, operation->field_count,
                           body->at ? body->at : "", body->length) != 0) {
        return refuse_form(&request->form, FLX_INVALID_JSON, FLX_INVALID_FIELDS);
    }
    return fine;
}

/* Reads whatever the operation takes. */
static finding take_form(flixim_request *request, const flixim_operation *operation)
{
    request_rec *r = request->r;
    int status;

    apr_pool_cleanup_register(r->pool, &request->form, free_form, apr_pool_cleanup_null);
    if (operation->body_fields) {
        return take_body(request, operation);
    }
    status = flixim_body_discard(r);
    if (status != OK) {
        return unreadable(status);
    }
    if (operation->query_fields && r->args &&
        flx_form_read_query(&request->form, operation->query_fields, operation->field_count,
                            r->args, strlen(r->args)) != 0) {
        return refuse_form(&request->form, FLX_INVALID_QUERY, FLX_INVALID_QUERY);
    }
    return fine;
}

/* Asks the operation what it has to say of the form as a whole. */
static finding check_form(flixim_request *request, const flixim_operation *operation)
{
    flx_form *form = &request->form;
    flx_fault fault;

    if (!operation->check || operation->check(request, &fault) == 0) {
        return fine;
    }
    for (int i = 0; i < form->fault_count; i++) {
        if (!strcmp(form->faults[i].field, fault.field)) {
            return refuse(FLX_INVALID_FIELDS);
        }
    }
    form->faults[form->fault_count++] = fault;
    return refuse(FLX_INVALID_FIELDS);
}

/* Puts the id of the path into its canonical form; one that nothing can have names nothing. */
static finding take_id(flixim_request *request, const flixim_route_match *match)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789:-";
    char *id = apr_pstrdup(request->r->pool, match->id);
    flx_uuid uuid;

    if (match->id_of == FLIXIM_ROUTE_MESSAGE || match->id_of == FLIXIM_ROUTE_DEVICE) {
        if (flx_uuid_read(&uuid, id, strlen(id)) != 0) {
            return refuse(match->id_of == FLIXIM_ROUTE_DEVICE ? FLX_DEVICE_NOT_FOUND
                                                              : FLX_MESSAGE_NOT_FOUND);
        }
        flx_uuid_write(&uuid, id);
    }
    else if (match->id_of == FLIXIM_ROUTE_CONVERSATION) {
        ap_str_tolower(id);
        if (id[strspn(id, allowed)] != '\0') {
            return refuse(FLX_CONVERSATION_NOT_FOUND);
        }
    }
    request->id = id;
    return fine;
}

/* Answers with a refusal of ours. The database judges the token first: one that is revoked, or an
 * opaque one that does not exist, gets no other answer than that. */
static int reply_refusal(flixim_request *request, const flixim_operation *operation,
                         const finding *why)
{
    flixim_answer answer;

    if (why->status != OK) {
        return why->status;
    }
    if (!operation->is_open && !flixim_call_judge_token(request, &answer)) {
        return flixim_call_refuse(request, &answer);
    }
    return flixim_reply_error(request->r, why->outcome, request->form.faults,
                              why->outcome == FLX_UNAVAILABLE ? 0 : request->form.fault_count);
}

/* Finds out who asks, and whether that user may ask now: 1, or 0 once the request is answered, as
 * *STATUS says to the handler hook. Nothing of the request's body has been read then. */
static int admit(flixim_request *request, int *status)
{
    request_rec *r = request->r;
    flx_outcome outcome;
    flixim_answer answer;
    apr_interval_time_t wait;

    *status = OK;
    if (flixim_credentials_judge(r, &request->caller, &outcome) != 0) {
        *status = refuse_unread(r, outcome);
        return 0;
    }
    if (flixim_upkeep(r) != FLIXIM_DATABASE_DONE) {
        *status = refuse_unread(r, FLX_UNAVAILABLE);
        return 0;
    }
    if (!flixim_call_identify(request, &answer)) {
        *status = refuse_unread(r, answer.refusal);
        return 0;
    }
    wait = flixim_limiter_take(r->server, request->caller.user_id);
    if (wait > 0) {
        apr_table_setn(r->headers_out, "Retry-After",
                       apr_itoa(r->pool, (int)apr_time_sec(wait + APR_USEC_PER_SEC - 1)));
        *status = refuse_unread(r, FLX_RATE_LIMITED);
        return 0;
    }
    request->is_counted = 1;
    return 1;
}

/* Runs the operation that the table has for this request. */
static int serve(request_rec *r, const char *location, const flixim_route_match *match)
{
    flixim_request *request = apr_pcalloc(r->pool, sizeof(*request));
    const flixim_operation *operation = match->operation;
    finding found;
    int status;

    request->r = r;
    request->location = location;
    if (!operation->is_open && !admit(request, &status)) {
        return status;
    }
    found = take_form(request, operation);
    /* Also where single fields break rules: all that is wrong is told at once. */
    if (!found.is_refused || found.outcome == FLX_INVALID_FIELDS) {
        finding more = check_form(request, operation);

        found = more.is_refused ? more : found;
    }
    if (!found.is_refused) {
        found = take_id(request, match);
    }
    return found.is_refused ? reply_refusal(request, operation, &found)
                            : operation->function(request);
}

/* Answers for a path that exists, with a method that it does not have. */
static int reply_allow(request_rec *r, const char *allow)
{
    apr_table_setn(r->headers_out, "Allow", allow);
    if (r->method_number != M_OPTIONS) {
        return refuse_unread(r, FLX_METHOD_NOT_ALLOWED);
    }
    if (flixim_body_discard(r) == AP_FILTER_ERROR) {
        return AP_FILTER_ERROR;
    }
    flixim_reply_empty(r);
    if (flixim_cors_is_preflight(r)) {
        flixim_cors_add_preflight(r, allow);
    }
    return OK;
}

int flixim_handler_translate_name(request_rec *r)
{
    if (!flixim_location_is_below(r)) {
        return DECLINED;
    }
    r->filename = r->uri;
    return OK;
}

int flixim_handler_map_to_storage(request_rec *r)
{
    return flixim_location_is_below(r) ? OK : DECLINED;
}

int flixim_handler(request_rec *r)
{
    const char *location;
    flixim_route_match match = { NULL, NULL, NULL, FLIXIM_ROUTE_NO_ID };

    if (!r->handler || strcmp(r->handler, FLIXIM_HANDLER) != 0) {
        return DECLINED;
    }
    /* An answer is one JSON text; parts of it would be none. */
    apr_table_unset(r->headers_in, "Range");
    location = flixim_location_path(r);
    if (location) {
        match = flixim_route_find(r, r->uri + strlen(location));
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "FLX0002: SetHandler flixim is not in a <Location> that holds %s", r->uri);
    }
    if (!match.allow) {
        return refuse_unread(r, FLX_NOT_FOUND);
    }
    return match.operation ? serve(r, location, &match) : reply_allow(r, match.allow);
}
