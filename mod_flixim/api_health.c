/* SPDX-License-Identifier: Apache-2.0 */
/* GET /health: whether this service can do its work, and the version of its schema. */
#include "api.h"
#include "private.h"

#include "apr_strings.h"

#include "database.h"
#include "flx_statement.h"
#include "reply.h"

int flixim_api_get_health(request_rec *r)
{
    PGresult *result;
    int version;

    if (flixim_database_run(r, &flx_statement_schema_version, NULL, &result) !=
        FLIXIM_DATABASE_DONE) {
        return flixim_reply_error(r, FLX_UNAVAILABLE);
    }
    version = flixim_database_int4(result, 0, 0);
    if (version < FLX_SCHEMA_VERSION) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "FLX0003: the database has schema version %d, this module needs %d: "
                      "run sql/install.sql",
                      version, FLX_SCHEMA_VERSION);
        return flixim_reply_error(r, FLX_SCHEMA_OUTDATED);
    }
    return flixim_reply_data(
        r, HTTP_OK, "服务正常",
        apr_psprintf(r->pool, "{\"status\":\"ok\",\"schema_version\":%d}", version));
}
