/* SPDX-License-Identifier: Apache-2.0 */
/* What a request can end in: for each outcome its error code, HTTP status and text. */
#include "flx_outcome.h"

#include <stddef.h>

static const struct {
    int status;
    const char *code;
    const char *message;
} outcomes[FLX_OUTCOMES] = {
    [FLX_OK] = { 200, NULL, "成功" },
    [FLX_NOT_FOUND] = { 404, "not_found", "资源不存在" },
    [FLX_METHOD_NOT_ALLOWED] = { 405, "method_not_allowed", "请求方法不被允许" },
    [FLX_UNAVAILABLE] = { 503, "unavailable", "服务暂时不可用" },
    [FLX_SCHEMA_OUTDATED] = { 503, "schema_outdated", "数据库结构版本过旧" },
};

int flx_outcome_status(flx_outcome outcome)
{
    return outcomes[outcome].status;
}

const char *flx_outcome_code(flx_outcome outcome)
{
    return outcomes[outcome].code;
}

const char *flx_outcome_message(flx_outcome outcome)
{
    return outcomes[outcome].message;
}
