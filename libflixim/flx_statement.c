/* SPDX-License-Identifier: Apache-2.0 */
/* Every SQL statement that module and daemon send. */
#include "flx_statement.h"

const flx_statement flx_statement_keep_partitions = {
    .name = "keep_partitions",
    .text = "SELECT flixim.keep_partitions(), flixim.drop_expired_events()",
    .parameters = 0,
    .read_only = 0,
};

const flx_statement flx_statement_schema_version = {
    .name = "schema_version",
    .text = "SELECT flixim.schema_version()",
    .parameters = 0,
    .read_only = 1,
};
