/* SPDX-License-Identifier: Apache-2.0 */
/* What a fuzz target offers: libFuzzer's entry point, which replay.c calls as well. */
#ifndef FLX_FUZZ_H
#define FLX_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Feeds one input to the parser and checks what it says of it. Returns 0; a wrong answer aborts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run when something that must hold does not. */
static inline void must(int holds)
{
    if (!holds) {
        abort();
    }
}

#endif
