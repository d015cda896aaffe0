/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon and its service manager tell each other (sd_listen_fds(3), sd_notify(3)); without one nothing
 * of it happens. */
#ifndef PUSH_SYSTEMD_H
#define PUSH_SYSTEMD_H

#include <uv.h>

#define PUSH_SYSTEMD_FIRST_SOCKET 3

/* How many sockets were handed over by socket activation, as file descriptors from PUSH_SYSTEMD_FIRST_SOCKET on;
 * no child of ours inherits them. Negative: an errno. */
int push_systemd_sockets(void);

void push_systemd_is_ready(void);
void push_systemd_is_reloading(void);
void push_systemd_is_stopping(void);

/* Begins to say that the loop is alive, as often as WatchdogSec= wants it. The timer, the caller's, is in use
 * from then on either way, and is to be closed. Returns 0, or libuv's error. */
int push_systemd_watch(uv_loop_t *loop, uv_timer_t *timer) __attribute__((warn_unused_result));

#endif
