/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of UUIDs: whatever is read is written back as it was, but for the case of
 * its letters; and what is made, also from any name, is read. */
#include "fuzz.h"

#include "flx_uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[FLX_UUID_TEXT];
    flx_uuid uuid;
    size_t i;

    flx_uuid_make(&uuid);
    flx_uuid_write(&uuid, text);
    must(flx_uuid_read(&uuid, text, sizeof text) == 0);
    flx_uuid_from_name(&uuid, &uuid, (const char *)data, size);
    flx_uuid_write(&uuid, text);
    must(text[14] == '5' && flx_uuid_read(&uuid, text, sizeof text) == 0);
    if (flx_uuid_read(&uuid, (const char *)data, size) == 0) {
        must(size == sizeof text);
        flx_uuid_write(&uuid, text);
        for (i = 0; i < size; i++) {
            must(text[i] == (char)(data[i] >= 'A' && data[i] <= 'F' ? data[i] + 32 : data[i]));
        }
    }
    return 0;
}
