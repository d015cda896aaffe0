/* SPDX-License-Identifier: Apache-2.0 */
/* One call of the database on behalf of whoever asks: parameters in, outcome and rows out. */
#ifndef FLIXIM_CALL_H
#define FLIXIM_CALL_H

#include "api.h"
#include "database.h"
#include "flx_buffer.h"
#include "flx_outcome.h"

/* What came of a call. */
typedef struct flixim_answer {
    /* the rows, if it was done; lives as long as the request */
    PGresult *result;
    /* whether something new was made */
    int is_created;
    /* why not, if it was not done, and for FLX_INVALID_FIELDS which field breaks which rule */
    flx_outcome refusal;
    flx_fault fault;
} flixim_answer;

/* Runs STATEMENT with the caller's parameters and then PARAMETERS, as many as the statement has left
 * (NULL if it has none).
 * 1 if it was done; 0 if it was refused or there is no answer, for flixim_call_refuse to tell. */
int flixim_call(flixim_request *request, const flx_statement *statement,
                const char *const *parameters, flixim_answer *answer)
    __attribute__((warn_unused_result));

/* Has the database judge the token alone, unless it has done so for this request: 1 if it is valid;
 * 0 as above. */
int flixim_call_judge_token(flixim_request *request, flixim_answer *answer)
    __attribute__((warn_unused_result));

/* Finds out which user asks, for the log and for what depends on it. Of an opaque token the database
 * alone knows, which is asked once for each child: that costs less than a column in each answer. 1, or
 * 0 as above; the token itself is judged in the call that follows. */
int flixim_call_identify(flixim_request *request, flixim_answer *answer)
    __attribute__((warn_unused_result));

/* Answers the request with the refusal. */
int flixim_call_refuse(flixim_request *request, const flixim_answer *answer);

/* Answers the request with OUTCOME and DATA (see flixim_reply), and frees the rows: a slow client needs
 * them no more. */
int flixim_call_reply(flixim_request *request, flixim_answer *answer, flx_outcome outcome,
                      flx_buffer *data);

#endif
