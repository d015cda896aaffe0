/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon is asked about a request for an upgrade, and which daemon it is. */
#ifndef FLIXIM_HANDOFF_QUESTION_H
#define FLIXIM_HANDOFF_QUESTION_H

#include "httpd.h"

#include "flx_handoff.h"

typedef struct flixim_handoff_question {
    flx_handoff_question
        question; /* its head is in HEAD, whose failure means that it is too large */
    flx_buffer head;
    flx_slice key; /* see flixim_daemon_ask */
} flixim_handoff_question;

/* Makes the request head again as the client sent it, but for its path, which is the normalized one that access control has seen; header
 * lines of one name may have become one. The key is the user that the token names, whom nobody has verified: a hint for the spreading
 * of users; else the token, or the client's address. All of it lives as long as R. */
void flixim_handoff_question_make(request_rec *r, flixim_handoff_question *question);

#endif
