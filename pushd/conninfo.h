/* SPDX-License-Identifier: Apache-2.0 */
/* What a session connects with: the setting database, what the daemon adds to it, and host names looked up without
 * blocking the loop. */
#ifndef PUSH_CONNINFO_H
#define PUSH_CONNINFO_H

#include "server.h"

/* One look-up on its way. */
typedef struct push_conninfo push_conninfo;

/* For PQconnectStartParams, lent for the call; keywords is NULL if it came to nothing (which is logged). */
typedef void push_conninfo_made(void *data, const char *const *keywords, const char *const *values);

/* Makes them; done is called once, from within this call or later. Returns NULL if it was called, or else what
 * push_conninfo_forget takes. */
push_conninfo *push_conninfo_make(push_server *server, push_conninfo_made *done, void *data);

/* Takes it back: done is not called any more. NULL is fine. */
void push_conninfo_forget(push_conninfo *conninfo);

#endif
