/* SPDX-License-Identifier: Apache-2.0 */
/* What one user, and all of them together, may ask of this daemon in a while. */
#ifndef PUSH_USER_LIMITS_H
#define PUSH_USER_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "flx_uuid.h"

struct push_server;
struct push_limits;

struct push_limits *push_limits_make(struct push_server *server);
void push_limits_free(struct push_limits *limits);

/* One more socket of a user, which push_limits_remove_socket takes back. Returns 0, or -1 if there are
 * connections_per_user already (or no memory). */
int push_limits_add_socket(struct push_limits *limits, const flx_uuid *user_id)
    __attribute__((warn_unused_result));
void push_limits_remove_socket(struct push_limits *limits, const flx_uuid *user_id);

/* One push of a user who has a socket, with so many bytes of payload; each 16 KiB count as one more push. Returns 0, or
 * -1 if it is one too many for pushes_per_second. */
int push_limits_take_push(struct push_limits *limits, const flx_uuid *user_id, size_t bytes)
    __attribute__((warn_unused_result));

/* One join. Returns 0, *delay is then how many milliseconds it has to wait for its turn, which is taken; or -1 if its turn would
 * come too late for its client to still wait for it. */
int push_limits_take_join(struct push_limits *limits, uint64_t *delay)
    __attribute__((warn_unused_result));

#endif
