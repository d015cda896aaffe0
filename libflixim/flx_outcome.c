/* SPDX-License-Identifier: Apache-2.0 */
/* What a request can end in, and the rules that fields can break: all texts of the API. */
#include "flx_outcome.h"

#include <string.h>

static const struct {
    int status;
    const char *code;
    const char *chinese;
    const char *english; /* NULL for a success */
} outcomes[FLX_OUTCOMES] = {
    [FLX_HEALTHY] = { 200, NULL, "服务正常", NULL },
    [FLX_MESSAGES_LISTED] = { 200, NULL, "获取消息列表成功", NULL },
    [FLX_MESSAGE_FOUND] = { 200, NULL, "获取消息成功", NULL },
    [FLX_MESSAGE_CREATED] = { 201, NULL, "消息创建成功", NULL },
    [FLX_MESSAGE_REPEATED] = { 200, NULL, "消息创建成功", NULL },
    [FLX_MESSAGE_READ] = { 200, NULL, "消息已标记为已读", NULL },
    [FLX_MESSAGES_READ] = { 200, NULL, "批量标记成功", NULL },
    [FLX_ALL_READ] = { 200, NULL, "所有消息已标记为已读", NULL },
    [FLX_UNREAD_COUNTED] = { 200, NULL, "获取未读消息数量成功", NULL },
    [FLX_MESSAGE_WITHDRAWN] = { 200, NULL, "消息撤回成功", NULL },
    [FLX_MESSAGE_DELETED] = { 200, NULL, "消息删除成功", NULL },
    [FLX_MESSAGES_SYNCED] = { 200, NULL, "消息同步成功", NULL },
    [FLX_CONVERSATIONS_LISTED] = { 200, NULL, "获取会话列表成功", NULL },
    [FLX_CONVERSATION_FOUND] = { 200, NULL, "获取会话成功", NULL },
    [FLX_CONVERSATION_UPDATED] = { 200, NULL, "会话更新成功", NULL },
    [FLX_CONVERSATION_CREATED] = { 201, NULL, "会话创建成功", NULL },
    [FLX_CONVERSATION_KNOWN] = { 200, NULL, "会话创建成功", NULL },
    [FLX_HISTORY_LISTED] = { 200, NULL, "获取会话消息成功", NULL },
    [FLX_TOKEN_ISSUED] = { 200, NULL, "获取令牌成功", NULL },
    [FLX_DEVICES_LISTED] = { 200, NULL, "获取设备列表成功", NULL },
    [FLX_DEVICE_CREATED] = { 201, NULL, "设备注册成功", NULL },
    [FLX_DEVICE_KNOWN] = { 200, NULL, "设备注册成功", NULL },
    [FLX_DEVICE_DELETED] = { 200, NULL, "设备删除成功", NULL },
    [FLX_NOTIFICATION_SETTINGS_FOUND] = { 200, NULL, "获取通知设置成功", NULL },
    [FLX_NOTIFICATION_SETTINGS_UPDATED] = { 200, NULL, "通知设置更新成功", NULL },

    [FLX_BAD_REQUEST] = { 400, "bad_request", "请求无效", "The request is malformed." },
    [FLX_INVALID_REQUEST] = { 400, "invalid_request", "认证信息重复或格式错误",
                              "Credentials must be given once, in one Authorization header." },
    [FLX_INVALID_JSON] = { 400, "invalid_json", "请求体不是有效的JSON对象",
                           "The body is not a valid JSON object." },
    [FLX_INVALID_QUERY] = { 400, "invalid_query", "查询参数无效",
                            "A query parameter is not valid." },
    [FLX_UNAUTHORIZED] = { 401, "unauthorized", "需要身份认证", "Authentication is needed." },
    [FLX_INVALID_TOKEN] = { 401, "invalid_token", "认证令牌无效或已过期",
                            "The access token is not valid, or not any more." },
    [FLX_FORBIDDEN] = { 403, "forbidden", "没有权限执行此操作", "You may not do this." },
    [FLX_INSUFFICIENT_SCOPE] = { 403, "insufficient_scope", "令牌权限不足",
                                 "This needs a token with the scope system." },
    [FLX_NOT_FOUND] = { 404, "not_found", "资源不存在", "There is nothing at this address." },
    [FLX_MESSAGE_NOT_FOUND] = { 404, "message_not_found", "消息不存在",
                                "There is no such message." },
    [FLX_CONVERSATION_NOT_FOUND] = { 404, "conversation_not_found", "会话不存在",
                                     "There is no such conversation." },
    [FLX_DEVICE_NOT_FOUND] = { 404, "device_not_found", "设备不存在", "There is no such device." },
    [FLX_METHOD_NOT_ALLOWED] = { 405, "method_not_allowed", "请求方法不被允许",
                                 "This method is not for this address." },
    [FLX_REQUEST_TIMEOUT] = { 408, "request_timeout", "请求超时",
                              "The request took too long to arrive." },
    [FLX_IDEMPOTENCY_CONFLICT] = { 409, "idempotency_conflict",
                                   "该client_message_id已用于内容不同的消息",
                                   "This client_message_id was used for a different message." },
    [FLX_WITHDRAW_WINDOW_CLOSED] = { 409, "withdraw_window_closed", "已超过消息撤回时限",
                                     "It is too late to withdraw this message." },
    [FLX_TOO_MANY_DEVICES] = { 409, "too_many_devices", "设备数量已达上限",
                               "There are 25 devices already." },
    [FLX_TOO_LARGE] = { 413, "payload_too_large", "请求体过大", "The body is too large." },
    [FLX_UNSUPPORTED_MEDIA_TYPE] = { 415, "unsupported_media_type", "请求体必须是application/json",
                                     "The body must be application/json, not encoded." },
    [FLX_EXPECTATION_FAILED] = { 417, "expectation_failed", "无法满足Expect要求",
                                 "The expectation cannot be met." },
    [FLX_INVALID_FIELDS] = { 422, "invalid_fields", "请求参数无效",
                             "A field breaks a rule: see fields." },
    [FLX_RATE_LIMITED] = { 429, "rate_limited", "请求过于频繁", "Too many requests." },

    [FLX_INTERNAL] = { 500, "internal_error", "服务器内部错误",
                       "Something is wrong on this side." },
    [FLX_UNAVAILABLE] = { 503, "unavailable", "服务暂时不可用",
                          "The service is away for the moment; try again." },
    [FLX_SCHEMA_OUTDATED] = { 503, "schema_outdated", "数据库结构版本过旧",
                              "The database has an older schema than this service needs." },
};

/* By field where a limit belongs in the sentence; NULL is the text for all other fields. */
static const struct {
    const char *rule;
    const char *field;
    const char *chinese;
    const char *english;
} rules[] = {
    { "required", NULL, "不能为空", "is required" },
    { "string", NULL, "必须是字符串", "must be a string" },
    { "object", NULL, "必须是JSON对象", "must be an object" },
    { "array", NULL, "必须是数组", "must be an array" },
    { "boolean", NULL, "必须是布尔值", "must be true or false" },
    { "number", NULL, "必须是整数", "must be a whole number" },
    { "uuid", NULL, "必须是36位标准格式的UUID", "must be a UUID of 36 characters" },
    { "uuids", NULL, "必须是UUID数组", "must be an array of UUIDs of 36 characters each" },
    { "time", NULL, "必须是RFC 3339格式的时间", "must be a time as RFC 3339 has it" },
    { "choice", NULL, "取值无效", "is not one of the values it can have" },
    { "range", "limit", "必须在1到200之间", "must be from 1 to 200" },
    { "range", NULL, "超出取值范围", "is out of range" },
    { "strings", "content.image_urls", "每一项都必须是非空字符串",
      "must hold strings that are not empty" },
    { "strings", NULL, "每一项都必须是字符串", "must hold strings" },
    { "too_long", "content.text", "不能超过10000个字符", "must not exceed 10,000 characters" },
    { "too_long", "draft", "不能超过10000个字符", "must not exceed 10,000 characters" },
    { "too_long", "Idempotency-Key", "必须为1到255个字符", "must have 1 to 255 characters" },
    { "too_long", NULL, "过长", "is too long" },
    { "too_many", "content.image_urls", "最多9张图片", "must not hold more than 9" },
    { "too_many", "message_ids", "最多1000个", "must not hold more than 1,000" },
    { "too_many", "receiver_ids", "最多1000个", "must not hold more than 1,000" },
    { "too_many", "participant_ids", "私聊只能有一个对方，群聊最多500人",
      "must hold one other user, or 499 for a group" },
    { "too_many", NULL, "数量过多", "holds too many" },
    { "conversation_id", NULL, "会话ID格式无效", "is no conversation id" },
    { "not_self", NULL, "不能是自己", "must not be yourself" },
    { "mismatch", "client_message_id", "与Idempotency-Key不一致",
      "differs from the header Idempotency-Key" },
    { "mismatch", NULL, "与conversation_id不一致", "differs from conversation_id" },
    { "not_in_group", NULL, "群聊消息不能指定接收者", "is not for messages to a group" },
    { "system_only", NULL, "只能用于系统通知和系统公告",
      "is only for system notifications and announcements" },
    { "message_type", "conversation_id", "与message_type不符", "does not fit message_type" },
    { "alone", NULL, "不能与receiver_id或conversation_id同时使用",
      "excludes receiver_id and conversation_id" },
    { "unsupported", NULL, "含有无法保存的内容", "holds what cannot be stored" },
    { "private_or_group", NULL, "必须是private或group", "must be private or group" },
    { "provider", NULL, "与provider不符", "does not fit provider" },
    { "printable", NULL, "只能包含可打印的ASCII字符，不能有空格",
      "must be printable ASCII without blanks" },
    { "hex", NULL, "必须是64到200位十六进制数字",
      "must have 64 to 200 hexadecimal digits, two for each byte" },
    { "url", NULL, "必须是https网址", "must be an https URL without user and fragment" },
    { "key", "subscription.keys.auth", "必须是16字节的base64url编码",
      "must be 16 bytes in base64url without padding" },
    { "key", NULL, "必须是65字节未压缩公钥的base64url编码",
      "must be an uncompressed public key of 65 bytes in base64url without padding" },
    { "locale", NULL, "必须是语言标签，例如zh-CN", "must be a language tag such as zh-CN" },
    { "time_of_day", NULL, "必须是HH:MM格式的时间", "must be a time of day as HH:MM" },
    { "same", NULL, "开始时间和结束时间不能相同", "must differ from the beginning" },
    { "time_zone", NULL, "必须是时区名称，例如Asia/Shanghai",
      "must be the name of a time zone such as Asia/Shanghai" },
    { "no_filter", NULL, "不能用于过滤", "is no filter" },
    { "syntax", NULL, "JSON语法错误", "is not JSON" },
    { "encoding", NULL, "必须是有效的UTF-8编码", "must be well-formed UTF-8" },
    { "nul", NULL, "不能包含空字符", "must not hold the NUL character" },
    { "duplicate_key", NULL, "JSON对象中有重复的键", "has an object with a key twice" },
    { "too_deep", NULL, "JSON嵌套过深", "is nested deeper than 32" },
    { "too_many_members", NULL, "JSON对象成员过多", "has an object with more than 512 members" },
    { "number_too_long", NULL, "JSON数字过长", "has a number that is too long" },
    { "not_an_object", NULL, "必须是JSON对象", "must be an object" },
    { "no_memory", NULL, "服务器内存不足", "found no memory" },
    { "repeated", NULL, "不能重复", "must be given once" },
};

int flx_outcome_status(flx_outcome outcome)
{
    return outcomes[outcome].status;
}

int flx_outcome_is_success(flx_outcome outcome)
{
    return outcomes[outcome].code == NULL;
}

const char *flx_outcome_code(flx_outcome outcome)
{
    return outcomes[outcome].code;
}

const char *flx_outcome_reason(flx_outcome outcome)
{
    static const char *const reasons[FLX_OUTCOMES] = {
        [FLX_BAD_REQUEST] = "invalid parameters",
        [FLX_INVALID_JSON] = "missing required parameters",
        [FLX_UNAUTHORIZED] = "unauthorized",
        [FLX_INVALID_TOKEN] = "invalid token",
        [FLX_FORBIDDEN] = "unauthorized",
        [FLX_INSUFFICIENT_SCOPE] = "unauthorized",
        [FLX_MESSAGE_NOT_FOUND] = "message not found",
        [FLX_CONVERSATION_NOT_FOUND] = "conversation not found",
        [FLX_IDEMPOTENCY_CONFLICT] = "client_message_id already used",
        [FLX_WITHDRAW_WINDOW_CLOSED] = "cannot withdraw message after time limit",
        [FLX_TOO_LARGE] = "payload too large",
        [FLX_INVALID_FIELDS] = "invalid parameters",
        [FLX_RATE_LIMITED] = "rate limited",
        [FLX_UNAVAILABLE] = "unavailable",
        [FLX_SCHEMA_OUTDATED] = "unavailable",
    };

    return reasons[outcome] != NULL ? reasons[outcome] : "internal error";
}

const char *flx_outcome_message(flx_outcome outcome, flx_language language)
{
    return language == FLX_ENGLISH && outcomes[outcome].english ? outcomes[outcome].english
                                                                : outcomes[outcome].chinese;
}

flx_outcome flx_outcome_of_label(const char *label, size_t length)
{
    static const struct {
        const char *label;
        flx_outcome outcome;
    } labels[] = {
        { "invalid", FLX_INVALID_FIELDS },
        { "invalid_token", FLX_INVALID_TOKEN },
        { "insufficient_scope", FLX_INSUFFICIENT_SCOPE },
        { "forbidden", FLX_FORBIDDEN },
        { "message_not_found", FLX_MESSAGE_NOT_FOUND },
        { "conversation_not_found", FLX_CONVERSATION_NOT_FOUND },
        { "device_not_found", FLX_DEVICE_NOT_FOUND },
        { "too_many_devices", FLX_TOO_MANY_DEVICES },
        { "withdraw_window_closed", FLX_WITHDRAW_WINDOW_CLOSED },
        { "idempotency_conflict", FLX_IDEMPOTENCY_CONFLICT },
        { "busy", FLX_UNAVAILABLE },
    };

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        if (strlen(labels[i].label) == length && memcmp(labels[i].label, label, length) == 0) {
            return labels[i].outcome;
        }
    }
    return FLX_INTERNAL;
}

flx_outcome flx_outcome_of_status(int status)
{
    switch (status) {
    case 401:
        return FLX_UNAUTHORIZED;
    case 403:
        return FLX_FORBIDDEN;
    case 404:
        return FLX_NOT_FOUND;
    case 405:
        return FLX_METHOD_NOT_ALLOWED;
    case 408:
        return FLX_REQUEST_TIMEOUT;
    case 413:
        return FLX_TOO_LARGE;
    case 415:
        return FLX_UNSUPPORTED_MEDIA_TYPE;
    case 417:
        return FLX_EXPECTATION_FAILED;
    case 429:
        return FLX_RATE_LIMITED;
    case 503:
        return FLX_UNAVAILABLE;
    default:
        return status >= 500 ? FLX_INTERNAL : FLX_BAD_REQUEST;
    }
}

const char *flx_rule_message(const char *field, const char *rule, flx_language language)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(rules[i].rule, rule) == 0 &&
            (rules[i].field == NULL || strcmp(rules[i].field, field) == 0)) {
            return language == FLX_ENGLISH ? rules[i].english : rules[i].chinese;
        }
    }
    return rule;
}
