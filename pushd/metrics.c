/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon counts, and how GET /metrics shows it (Prometheus' text format). */
#include "metrics.h"

static void write_head(flx_buffer *buffer, const char *name, const char *kind, const char *help)
{
    const char *const texts[] = {
        "# HELP flixim_pushd_", name, " ", help, "\n# TYPE flixim_pushd_", name, " ", kind, "\n"
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        flx_buffer_add_text(buffer, texts[i]);
    }
}

static void write_one(flx_buffer *buffer, const char *name, const char *provider, int64_t value)
{
    flx_buffer_add_text(buffer, "flixim_pushd_");
    flx_buffer_add_text(buffer, name);
    if (provider != NULL) {
        flx_buffer_add_text(buffer, "{provider=\"");
        flx_buffer_add_text(buffer, provider);
        flx_buffer_add_text(buffer, "\"}");
    }
    flx_buffer_add_text(buffer, " ");
    flx_buffer_add_number(buffer, value);
    flx_buffer_add_text(buffer, "\n");
}

static void write_each(flx_buffer *buffer, const char *name, const int64_t *values)
{
    static const char *const providers[] = {
#define PROVIDER(provider) #provider,
        PUSH_PROVIDER_NAMES(PROVIDER)
#undef PROVIDER
    };

    for (int i = 0; i < PUSH_PROVIDERS; i++) {
        write_one(buffer, name, providers[i], values[i]);
    }
}

void push_metrics_write(flx_buffer *buffer, const push_metrics *metrics)
{
#define WRITE(name, kind, help)                                                                    \
    write_head(buffer, #name, #kind, help);                                                        \
    write_one(buffer, #name, NULL, metrics->name);
    PUSH_METRICS(WRITE)
#undef WRITE
#define WRITE_EACH(name, kind, help)                                                               \
    write_head(buffer, #name, #kind, help);                                                        \
    write_each(buffer, #name, metrics->name);
    PUSH_PROVIDER_METRICS(WRITE_EACH)
#undef WRITE_EACH
}
