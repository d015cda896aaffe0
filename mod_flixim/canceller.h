/* SPDX-License-Identifier: Apache-2.0 */
/* Sends cancel requests to the database in the background, one after the other. */
#ifndef FLIXIM_CANCELLER_H
#define FLIXIM_CANCELLER_H

/* libpq's cancel request, by its own declaration. */
typedef struct pg_cancel PGcancel;

/* A statement whose time is over is cut off by ending the connection, but a server process that waits
 * for a standby to confirm its commit does not notice that: it would stay for as long as the wait
 * lasts, and each further try would leave one more. A cancel request ends the wait. It may take
 * any time itself (a server that is stopped answers none), which is why no request waits for it. */
typedef struct flixim_canceller flixim_canceller;

/* Makes a canceller, in a child process, for as long as that lives. Its thread starts when it is first
 * needed. NULL if the system has no memory or mutex left. */
flixim_canceller *flixim_canceller_make(void);

/* Takes over a cancel request and sends it soon: 1, or 0 if too many are waiting already, or there is
 * no thread to be had, and it is dropped. CANCEL may be NULL. Any thread may call it. */
int flixim_canceller_send(flixim_canceller *canceller, PGcancel *cancel)
    __attribute__((warn_unused_result));

#endif
