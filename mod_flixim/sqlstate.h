/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of the database means for the request: its SQLSTATE, sorted. */
#ifndef FLIXIM_SQLSTATE_H
#define FLIXIM_SQLSTATE_H

typedef enum flixim_sqlstate {
    FLIXIM_SQLSTATE_FAULT,    /* a fault of ours: trying again does not help */
    FLIXIM_SQLSTATE_PASSING,  /* a state of the server's that passes: resources, time, its end */
    FLIXIM_SQLSTATE_CONFLICT, /* with another transaction: the same statement may do at once */
    FLIXIM_SQLSTATE_STALE,    /* the prepared statement must be prepared anew */
    FLIXIM_SQLSTATE_STANDBY   /* this server only reads: the one that writes is elsewhere */
} flixim_sqlstate;

/* Sorts an error by its SQLSTATE and by the function of the server that raised it; NULL for what
 * is not known. */
flixim_sqlstate flixim_sqlstate_of(const char *state, const char *function);

#endif
