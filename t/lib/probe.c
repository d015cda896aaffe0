/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: GET /health, made to run whatever statement its query string names. */
#include "api.h"
#include "private.h"

#include <limits.h>
#include <stdlib.h>

#include "http_protocol.h"

#include "database.h"
#include "flx_statement.h"
#include "upkeep.h"

/* Takes the place of api_health.c in a module built for a test (FlixIM::Test::Probe), whose SQL defines
 * these functions as it likes. */
static const flx_statement statements[] = {
    { .name = "schema_version", .text = "SELECT flixim.schema_version()", .read_only = 1 },
    { .name = "read", .text = "SELECT public.probe_read()", .read_only = 1 },
    { .name = "patient", .text = "SELECT public.probe_read(), 2", .read_only = 1, .patience = 3 },
    { .name = "write", .text = "SELECT public.probe_write()" },
    { .name = "call", .text = "CALL public.probe_call()" },
    { .name = "row", .text = "SELECT * FROM public.probe_row()", .read_only = 1 },
    { .name = "many", .text = "SELECT public.probe_many($1, $2)", .parameters = 2 },
};

/* What tests look for, done on purpose; anything else is 0. */
static int fault(const char *name)
{
    int length = (int)strlen(name);
    char *block = malloc(1000);

    memset(block, length, 1000);
    if (!strcmp(name, "leak")) {
        return block[length];
    }
    if (!strcmp(name, "overrun")) {
        length = (int)strlen(block);
    }
    if (!strcmp(name, "undefined")) {
        length += INT_MAX;
    }
    free(block);
    return length;
}

static int probe(flixim_request *request)
{
    request_rec *r = request->r;
    static const char *const values[] = { "one", NULL };
    static const struct {
        int status;
        const char *name;
    } ends[] = {
        [FLIXIM_DATABASE_DONE] = { HTTP_OK, "done" },
        [FLIXIM_DATABASE_UNAVAILABLE] = { HTTP_SERVICE_UNAVAILABLE, "unavailable" },
        [FLIXIM_DATABASE_REFUSED] = { HTTP_INTERNAL_SERVER_ERROR, "refused" },
        [FLIXIM_DATABASE_UNKNOWN] = { HTTP_GATEWAY_TIME_OUT, "unknown" },
    };
    const flx_statement *statement = &statements[0];
    flixim_database_outcome outcome;
    PGresult *result;
    int number = 0;

    for (apr_size_t i = 0; r->args && i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (!strcmp(r->args, statements[i].name)) {
            statement = &statements[i];
        }
    }
    if (r->args && !strcmp(r->args, "upkeep")) {
        outcome = flixim_upkeep(r);
    }
    else if (r->args && !strncmp(r->args, "fault=", 6)) {
        outcome = FLIXIM_DATABASE_DONE;
        number = fault(r->args + 6);
    }
    else {
        outcome = flixim_database_run(r, statement, values, &result);
        if (outcome == FLIXIM_DATABASE_DONE) {
            number = flixim_database_int4(result, 0, 0);
            flixim_database_release(r, result);
        }
    }
    r->status = ends[outcome].status;
    ap_set_content_type(r, "application/json");
    ap_rprintf(r, "{\"message\":\"%s\",\"data\":%d}", ends[outcome].name, number);
    return OK;
}

const flixim_operation flixim_api_get_health = { .function = probe, .is_open = 1 };
