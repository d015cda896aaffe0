/* SPDX-License-Identifier: Apache-2.0 */
/* What a client pushes into its channel: requests that wait in a queue and are answered one at a time. */
#ifndef PUSH_PUSHES_H
#define PUSH_PUSHES_H

#include "channel.h"

/* A message for a joined channel whose join_ref fits; the channel may be gone afterwards. */
void push_pushes_take(push_channel *channel, const push_frame *frame);

/* Answers a phx_leave that waits; returns whether there was one, and then the channel is gone. */
int push_pushes_leave_now(push_channel *channel);

/* Frees what waits. */
void push_pushes_forget(push_channel *channel);

#endif
