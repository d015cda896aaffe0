/* SPDX-License-Identifier: Apache-2.0 */
/* Texts and ids of the messages that are sent. */
#include "text.h"

#include <string.h>

static const char words[] = "Hello, this is a test message of a usual length.";

static size_t write_number(char *text, uint32_t number)
{
    char digits[10];
    size_t count = 0, i;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (i = 0; i < count; i++) {
        text[i] = digits[count - 1 - i];
    }
    return count;
}

size_t load_text_write(char text[LOAD_TEXT], uint32_t sender, uint32_t number)
{
    size_t length = write_number(text, sender);

    text[length++] = ' ';
    length += write_number(text + length, number);
    text[length++] = ' ';
    memcpy(text + length, words, sizeof words - 1);
    return length + sizeof words - 1;
}

static uint32_t read_number(flx_slice *text)
{
    uint32_t number = 0;

    while (text->length > 0 && *text->at >= '0' && *text->at <= '9') {
        number = number * 10 + (uint32_t)(*text->at - '0');
        text->at++;
        text->length--;
    }
    return number;
}

int load_text_read(flx_slice text, uint32_t *sender, uint32_t *number)
{
    char again[LOAD_TEXT];
    flx_slice rest = text;

    *sender = read_number(&rest);
    if (rest.length > 0) {
        rest.at++;
        rest.length--;
    }
    *number = read_number(&rest);
    return load_text_write(again, *sender, *number) == text.length &&
                   memcmp(again, text.at, text.length) == 0
               ? 0
               : -1;
}

void load_text_id(char id[FLX_UUID_TEXT], uint64_t process, uint32_t sender, uint32_t number)
{
    flx_uuid uuid;

    memcpy(uuid.bytes, &process, 8);
    uuid.bytes[6] = (unsigned char)((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = 0x80;
    uuid.bytes[9] = (unsigned char)(sender >> 16 & 0xff);
    uuid.bytes[10] = (unsigned char)(sender >> 8 & 0xff);
    uuid.bytes[11] = (unsigned char)(sender & 0xff);
    memcpy(uuid.bytes + 12, &number, 4);
    flx_uuid_write(&uuid, id);
}
