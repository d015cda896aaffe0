/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon and its service manager tell each other (sd_listen_fds(3), sd_notify(3)). */
#include "systemd.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

int push_systemd_sockets(void)
{
    return sd_listen_fds(1);
}

void push_systemd_is_ready(void)
{
    sd_notify(0, "READY=1");
}

/* The time is what Type=notify-reload asks for. */
void push_systemd_is_reloading(void)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
}

void push_systemd_is_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

static void say_alive(uv_timer_t *timer)
{
    (void)timer;
    sd_notify(0, "WATCHDOG=1");
}

int push_systemd_watch(uv_loop_t *loop, uv_timer_t *timer)
{
    uint64_t microseconds = 0;
    int status = uv_timer_init(loop, timer);

    if (status != 0 || sd_watchdog_enabled(0, &microseconds) <= 0) {
        return status;
    }
    /* A third: one may be late. */
    return uv_timer_start(timer, say_alive, 0, microseconds / 3000);
}
