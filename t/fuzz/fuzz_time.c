/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of instants: whatever is read lies within the bounds, and written it is
 * read as the same. */
#include "fuzz.h"

#include "flx_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[FLX_TIME_TEXT];
    flx_time time, again;

    if (flx_time_read(&time, (const char *)data, size) == 0) {
        must(time >= FLX_TIME_MIN && time <= FLX_TIME_MAX);
        flx_time_write(time, text);
        must(flx_time_read(&again, text, sizeof text) == 0);
        must(again == time);
    }
    return 0;
}
