/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon counts, and how GET /metrics shows it (Prometheus' text format). */
#include "metrics.h"

static void write_one(flx_buffer *buffer, const char *name, const char *kind, const char *help,
                      int64_t value)
{
    const char *const texts[] = {
        "# HELP flixim_pushd_", name, " ", help, "\n# TYPE flixim_pushd_", name, " ", kind, "\n",
        "flixim_pushd_",        name, " "
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        flx_buffer_add_text(buffer, texts[i]);
    }
    flx_buffer_add_number(buffer, value);
    flx_buffer_add_text(buffer, "\n");
}

void push_metrics_write(flx_buffer *buffer, const push_metrics *metrics)
{
#define WRITE(name, kind, help) write_one(buffer, #name, #kind, help, metrics->name);
    PUSH_METRICS(WRITE)
#undef WRITE
}
