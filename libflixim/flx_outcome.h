/* SPDX-License-Identifier: Apache-2.0 */
/* What a request can end in: for each outcome its error code, HTTP status and text, in one
 * table. */
#ifndef FLX_OUTCOME_H
#define FLX_OUTCOME_H

/* Grouped by whose fault it is: nobody's, the client's, ours. */
typedef enum flx_outcome {
    FLX_OK,
    FLX_NOT_FOUND,
    FLX_METHOD_NOT_ALLOWED,
    FLX_UNAVAILABLE,
    FLX_SCHEMA_OUTDATED,
    FLX_OUTCOMES
} flx_outcome;

/* The HTTP status of an outcome. */
int flx_outcome_status(flx_outcome outcome);

/* The machine-readable code of an error ("not_found"); NULL for FLX_OK. */
const char *flx_outcome_code(flx_outcome outcome);

/* The sentence for people: Chinese, UTF-8, nothing in it that JSON would have to escape. */
const char *flx_outcome_message(flx_outcome outcome);

#endif
