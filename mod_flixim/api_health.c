/* SPDX-License-Identifier: Apache-2.0 */
/* GET /health: whether this service can do its work, and the version of its schema. */
#include "api.h"
#include "private.h"

#include "database.h"
#include "flx_statement.h"
#include "reply.h"

static int get_health(flixim_request *request)
{
    request_rec *r = request->r;
    PGresult *result;
    flx_buffer data;
    int version;

    if (flixim_database_run(r, &flx_statement_schema_version, NULL, &result) !=
        FLIXIM_DATABASE_DONE) {
        return flixim_reply_error(r, FLX_UNAVAILABLE, NULL, 0);
    }
    version = flixim_database_int4(result, 0, 0);
    if (version < FLX_SCHEMA_VERSION) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "FLX0003: the database has schema version %d, this module needs %d: "
                      "run sql/install.sql",
                      version, FLX_SCHEMA_VERSION);
        return flixim_reply_error(r, FLX_SCHEMA_OUTDATED, NULL, 0);
    }
    flx_buffer_init(&data, FLIXIM_REPLY_LIMIT);
    flx_buffer_add_text(&data, "{\"status\":\"ok\",\"schema_version\":");
    flx_buffer_add_number(&data, version);
    flx_buffer_add_text(&data, "}");
    return flixim_reply(r, FLX_HEALTHY, &data);
}

const flixim_operation flixim_api_get_health = { .function = get_health, .is_open = 1 };
