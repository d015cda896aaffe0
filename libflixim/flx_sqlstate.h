/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of the database means for whoever asked: its SQLSTATE, sorted. */
#ifndef FLX_SQLSTATE_H
#define FLX_SQLSTATE_H

typedef enum flx_sqlstate {
    FLX_SQLSTATE_FAULT,    /* a fault of ours: trying again does not help */
    FLX_SQLSTATE_PASSING,  /* a state of the server's that passes: resources, time, its end */
    FLX_SQLSTATE_CONFLICT, /* with another transaction: the same statement may do at once */
    FLX_SQLSTATE_STALE,    /* the prepared statement must be prepared anew */
    FLX_SQLSTATE_STANDBY   /* this server only reads: the one that writes is elsewhere */
} flx_sqlstate;

/* Sorts an error by its SQLSTATE and by the function of the server that raised it; NULL for what
 * is not known. */
flx_sqlstate flx_sqlstate_of(const char *state, const char *function);

#endif
