/* SPDX-License-Identifier: Apache-2.0 */
/* One call of the database on behalf of whoever asks: parameters in, outcome and rows out. */
#include "call.h"
#include "private.h"

#include "apr_strings.h"

#include "combiner.h"
#include "flx_result.h"
#include "known_tokens.h"
#include "limiter.h"
#include "reply.h"
#include "shared.h"
#include "text.h"

/* More than any statement has. */
#define MAX_PARAMETERS 16

static const char *text_of(apr_pool_t *p, flx_value value)
{
    return value.at ? apr_pstrmemdup(p, value.at, value.length) : "";
}

/* Reads the outcome in the first row: 1 if the call was done. */
static int judge(const flixim_request *request, flixim_answer *answer)
{
    apr_pool_t *p = request->r->pool;
    flx_value outcome = flx_result_get(answer->result, 0, "outcome");

    if (!outcome.at) {
        /* a procedure's */
        outcome = flx_result_get(answer->result, 0, "o_outcome");
    }
    answer->is_created = flx_value_is(outcome, "created");
    if (answer->is_created || flx_value_is(outcome, "ok")) {
        return 1;
    }
    answer->refusal = outcome.at ? flx_outcome_of_label(outcome.at, outcome.length) : FLX_INTERNAL;
    if (answer->refusal == FLX_INVALID_FIELDS) {
        answer->fault.field = text_of(p, flx_result_get(answer->result, 0, "field"));
        answer->fault.rule = text_of(p, flx_result_get(answer->result, 0, "rule"));
    }
    return 0;
}

int flixim_call(flixim_request *request, const flx_statement *statement,
                const char *const *parameters, flixim_answer *answer)
{
    const char *values[MAX_PARAMETERS];
    flixim_database_outcome outcome;
    int done;

    memset(answer, 0, sizeof(*answer));
    memcpy(values, request->caller.parameters, sizeof(request->caller.parameters));
    if (parameters) {
        memcpy(values + FLX_CALLER_PARAMETERS, parameters,
               (apr_size_t)(statement->parameters - FLX_CALLER_PARAMETERS) * sizeof(*values));
    }
    outcome = statement->batch
                  ? flixim_combiner_run(request->r, statement, values, &answer->result)
                  : flixim_database_run(request->r, statement, values, &answer->result);
    switch (outcome) {
    case FLIXIM_DATABASE_DONE:
        break;
    case FLIXIM_DATABASE_REFUSED:
        answer->refusal = FLX_INTERNAL;
        return 0;
    case FLIXIM_DATABASE_UNAVAILABLE:
    case FLIXIM_DATABASE_UNKNOWN:
    default:
        answer->refusal = FLX_UNAVAILABLE;
        return 0;
    }
    done = judge(request, answer);
    /* Whoever holds a token that was revoked must not use up what its user has. */
    if (!done && answer->refusal == FLX_INVALID_TOKEN && request->is_counted) {
        flixim_limiter_give_back(request->r->server, request->caller.user_id);
        request->is_counted = 0;
    }
    if (!done) {
        flixim_database_release(request->r, answer->result);
        answer->result = NULL;
    }
    return done;
}

int flixim_call_judge_token(flixim_request *request, flixim_answer *answer)
{
    flixim_caller *caller = &request->caller;
    flx_value user_id;
    flx_uuid user;

    if (request->is_token_judged) {
        return 1;
    }
    if (!flixim_call(request, &flx_statement_check_token, NULL, answer)) {
        return 0;
    }
    user_id = flx_result_get(answer->result, 0, "user_id");
    if (!caller->user_id && !user_id.at) {
        /* It ended between the two. */
        flixim_database_release(request->r, answer->result);
        answer->result = NULL;
        answer->refusal = FLX_INVALID_TOKEN;
        return 0;
    }
    request->is_token_judged = 1;
    if (!caller->user_id) {
        user = flx_value_uuid(user_id);
        flixim_credentials_set_user(request->r, caller, &user);
        flixim_known_tokens_add(flixim_shared_of(request->r->server)->known_tokens,
                                caller->parameters[3], &user);
    }
    flixim_database_release(request->r, answer->result);
    return 1;
}

int flixim_call_identify(flixim_request *request, flixim_answer *answer)
{
    flixim_caller *caller = &request->caller;
    flx_uuid user;

    if (caller->user_id) {
        return 1;
    }
    if (flixim_known_tokens_find(flixim_shared_of(request->r->server)->known_tokens,
                                 caller->parameters[3], &user)) {
        flixim_credentials_set_user(request->r, caller, &user);
        return 1;
    }
    return flixim_call_judge_token(request, answer);
}

int flixim_call_refuse(flixim_request *request, const flixim_answer *answer)
{
    return flixim_reply_error(request->r, answer->refusal, &answer->fault,
                              answer->fault.field != NULL);
}

int flixim_call_reply(flixim_request *request, flixim_answer *answer, flx_outcome outcome,
                      flx_buffer *data)
{
    flixim_database_release(request->r, answer->result);
    answer->result = NULL;
    return flixim_reply(request->r, outcome, data);
}
