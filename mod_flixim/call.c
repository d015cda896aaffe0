/* SPDX-License-Identifier: Apache-2.0 */
/* One call of the database on behalf of whoever asks: parameters in, outcome and rows out. */
#include "call.h"
#include "private.h"

#include "apr_strings.h"

#include "flx_result.h"
#include "reply.h"
#include "text.h"

/* More than any statement has. */
#define MAX_PARAMETERS 16

static const char *text_of(apr_pool_t *p, flx_value value)
{
    return value.at ? apr_pstrmemdup(p, value.at, value.length) : "";
}

/* An opaque token alone does not say whose it is; the answer does. */
static void note_caller(const flixim_request *request, const PGresult *result)
{
    flx_value caller_id = flx_result_get(result, 0, "caller_id");

    if (caller_id.at && !request->caller.parameters[0]) {
        flx_uuid uuid = flx_value_uuid(caller_id);

        flixim_credentials_note_user(request->r, flixim_text_of_uuid(request->r->pool, &uuid));
    }
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
    int done;

    memset(answer, 0, sizeof(*answer));
    for (int i = 0; i < statement->parameters; i++) {
        values[i] = i < FLX_CALLER_PARAMETERS ? request->caller.parameters[i]
                                              : parameters[i - FLX_CALLER_PARAMETERS];
    }
    switch (flixim_database_run(request->r, statement, values, &answer->result)) {
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
    note_caller(request, answer->result);
    done = judge(request, answer);
    if (!done) {
        flixim_database_release(request->r, answer->result);
        answer->result = NULL;
    }
    return done;
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
