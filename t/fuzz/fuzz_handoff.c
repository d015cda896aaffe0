/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the packets of a hand-off: bytes are one of the three or none, and what was read is written as the same bytes again. */
#include "fuzz.h"

#include <string.h>

#include "flx_handoff.h"

/* Whether a packet that was just written is these bytes; gives it back. */
static int is_same(flx_buffer *packet, const uint8_t *data, size_t size)
{
    int same =
        !flx_buffer_failed(packet) && packet->length == size && memcmp(packet->at, data, size) == 0;

    flx_buffer_free(packet);
    return same;
}

static void must_lie_within(flx_slice slice, const uint8_t *data, size_t size)
{
    const char *begin = (const char *)data;

    must(slice.at >= begin && slice.length <= size && slice.at + slice.length <= begin + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    flx_handoff_question question;
    flx_handoff_verdict verdict;
    flx_slice read_already;
    flx_buffer packet;
    int count = 0;

    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    if (flx_handoff_read_question(&question, bytes, size) == 0) {
        count++;
        must_lie_within(question.address, data, size);
        must_lie_within(question.head, data, size);
        must(question.address.length <= FLX_HANDOFF_ADDRESS);
        must((question.kind == FLX_HANDOFF_HTTP && question.head.length > 0) ||
             (question.kind == FLX_HANDOFF_TLS && question.head.length == 0));
        flx_handoff_write_question(&packet, &question);
        must(is_same(&packet, data, size));
    }
    if (flx_handoff_read_verdict(&verdict, bytes, size) == 0) {
        count++;
        must_lie_within(verdict.body, data, size);
        must(verdict.status >= 100 && verdict.status <= 599);
        flx_handoff_write_verdict(&packet, &verdict);
        must(is_same(&packet, data, size));
    }
    if (flx_handoff_read_connection(&read_already, bytes, size) == 0) {
        count++;
        must_lie_within(read_already, data, size);
        flx_handoff_write_connection(&packet, read_already);
        must(is_same(&packet, data, size));
    }
    must(count <= 1);
    return 0;
}
