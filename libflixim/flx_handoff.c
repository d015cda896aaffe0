/* SPDX-License-Identifier: Apache-2.0 */
/* The three packets with which httpd hands a client's connection to a daemon, over a Unix socket that keeps their bounds. */
#include "flx_handoff.h"

/*  question    'Q' version kind length address head    length: of the address, one byte
 *  verdict     'V' version status body                 status: two bytes, the larger one first
 *  connection  'C' version bytes                                                                 */
#define QUESTION     'Q'
#define VERDICT      'V'
#define CONNECTION   'C'

#define LEAST_STATUS 100
#define MOST_STATUS  599

static void write_begin(flx_buffer *packet, char what)
{
    char begin[2] = { what, FLX_HANDOFF_VERSION };

    flx_buffer_add(packet, begin, sizeof begin);
}

void flx_handoff_write_question(flx_buffer *packet, const flx_handoff_question *question)
{
    size_t length = question->address.length;
    char fixed[2];

    /* An address is for the log alone: one that is no address need not arrive whole. */
    if (length > FLX_HANDOFF_ADDRESS) {
        length = FLX_HANDOFF_ADDRESS;
    }
    fixed[0] = (char)question->kind;
    fixed[1] = (char)length;
    write_begin(packet, QUESTION);
    flx_buffer_add(packet, fixed, sizeof fixed);
    flx_buffer_add(packet, question->address.at, length);
    flx_buffer_add(packet, question->head.at, question->head.length);
}

void flx_handoff_write_verdict(flx_buffer *packet, const flx_handoff_verdict *verdict)
{
    char status[2];

    status[0] = (char)(verdict->status >> 8 & 0xFF);
    status[1] = (char)(verdict->status & 0xFF);
    write_begin(packet, VERDICT);
    flx_buffer_add(packet, status, sizeof status);
    flx_buffer_add(packet, verdict->body.at, verdict->body.length);
}

void flx_handoff_write_connection(flx_buffer *packet, flx_slice read_already)
{
    write_begin(packet, CONNECTION);
    flx_buffer_add(packet, read_already.at, read_already.length);
}

/* Takes length bytes off a packet. */
static int take(flx_slice *packet, size_t length, flx_slice *taken)
{
    if (packet->length < length) {
        return -1;
    }
    taken->at = packet->at;
    taken->length = length;
    packet->at += length;
    packet->length -= length;
    return 0;
}

/* Takes the two bytes that a packet begins with, and so many fixed ones behind them. */
static int read_begin(flx_slice *packet, char what, flx_slice *fixed, size_t length)
{
    flx_slice begin;

    if (packet->length > FLX_HANDOFF_PACKET || take(packet, 2, &begin) != 0 ||
        begin.at[0] != what || begin.at[1] != FLX_HANDOFF_VERSION) {
        return -1;
    }
    return take(packet, length, fixed);
}

/* Whether a log line may have it. */
static int is_printable(flx_slice text)
{
    size_t i;

    for (i = 0; i < text.length; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~') {
            return 0;
        }
    }
    return 1;
}

int flx_handoff_read_question(flx_handoff_question *question, const char *bytes, size_t length)
{
    flx_slice packet = { bytes, length }, fixed;
    size_t address;

    if (read_begin(&packet, QUESTION, &fixed, 2) != 0) {
        return -1;
    }
    address = (unsigned char)fixed.at[1];
    if (address > FLX_HANDOFF_ADDRESS || take(&packet, address, &question->address) != 0 ||
        !is_printable(question->address)) {
        return -1;
    }
    question->head = packet;
    switch (fixed.at[0]) {
    case FLX_HANDOFF_HTTP:
        question->kind = FLX_HANDOFF_HTTP;
        return packet.length > 0 ? 0 : -1;
    case FLX_HANDOFF_TLS:
        question->kind = FLX_HANDOFF_TLS;
        return packet.length == 0 ? 0 : -1;
    default:
        return -1;
    }
}

int flx_handoff_read_verdict(flx_handoff_verdict *verdict, const char *bytes, size_t length)
{
    flx_slice packet = { bytes, length }, fixed;

    if (read_begin(&packet, VERDICT, &fixed, 2) != 0) {
        return -1;
    }
    verdict->status = (unsigned char)fixed.at[0] << 8 | (unsigned char)fixed.at[1];
    verdict->body = packet;
    return verdict->status >= LEAST_STATUS && verdict->status <= MOST_STATUS ? 0 : -1;
}

int flx_handoff_read_connection(flx_slice *read_already, const char *bytes, size_t length)
{
    flx_slice packet = { bytes, length }, fixed;

    if (read_begin(&packet, CONNECTION, &fixed, 0) != 0) {
        return -1;
    }
    *read_already = packet;
    return 0;
}
