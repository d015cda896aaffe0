/* SPDX-License-Identifier: Apache-2.0 */
/* What push services' answers mean, as far as they have that in common. */
#include "provider.h"

#include <stdio.h>

void push_verdict_set(push_verdict *verdict, push_verdict_result result, const char *reason)
{
    verdict->result = result;
    verdict->delay = -1;
    snprintf(verdict->reason, sizeof verdict->reason, "%s", reason);
}

static push_verdict_result result_of(int status)
{
    if (status >= 200 && status < 300) {
        return PUSH_VERDICT_SENT;
    }
    if (status == 404 || status == 410) {
        return PUSH_VERDICT_GONE;
    }
    if (status == 408 || status == 429 || (status >= 500 && status < 600)) {
        return PUSH_VERDICT_RETRY;
    }
    return PUSH_VERDICT_DEAD;
}

void push_verdict_by_status(push_verdict *verdict, const push_http_answer *answer)
{
    char reason[sizeof "HTTP -2147483648"];

    if (answer->status == 0) {
        push_verdict_set(verdict, PUSH_VERDICT_RETRY, answer->why);
        return;
    }
    snprintf(reason, sizeof reason, "HTTP %d", answer->status);
    push_verdict_set(verdict, result_of(answer->status), reason);
    if (verdict->result == PUSH_VERDICT_SENT) {
        verdict->reason[0] = '\0';
    }
    if (verdict->result == PUSH_VERDICT_RETRY) {
        verdict->delay = answer->retry_after;
    }
}
