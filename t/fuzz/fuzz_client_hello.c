/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of a ClientHello: what is said of it is the same wherever the bytes were cut, nobody waits for more than it takes,
 * and a name is one. */
#include "fuzz.h"

#include <string.h>

#include "flx_client_hello.h"

/* Reads the first bytes, in memory of just their size. */
static flx_client_hello_state read_first(flx_client_hello *hello, const uint8_t *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    flx_client_hello_state state;

    must(copy != NULL);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    state = flx_client_hello_read(hello, copy, size);
    free(copy);
    return state;
}

static void must_be_a_name(const char *name)
{
    size_t length = strlen(name);

    must(length <= FLX_CLIENT_HELLO_NAME);
    must(length == 0 || name[length - 1] != '.');
    for (size_t i = 0; i < length; i++) {
        must(name[i] > ' ' && name[i] <= '~' && (name[i] < 'A' || name[i] > 'Z'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flx_client_hello all, part;
    flx_client_hello_state whole = read_first(&all, data, size), state;
    size_t least = 0; /* what it took at least, by what was said of fewer bytes */
    int is_said = 0;

    must_be_a_name(all.name);
    must(whole == FLX_CLIENT_HELLO_FOUND || all.name[0] == '\0');
    for (size_t length = 0; length <= size; length++) {
        state = read_first(&part, data, length);
        if (state == FLX_CLIENT_HELLO_NEEDS_MORE) {
            must(!is_said);
            must(part.needed > length && part.needed <= FLX_CLIENT_HELLO_BYTES);
            must(part.needed >= least);
            least = part.needed;
            continue;
        }
        must(state == whole && strcmp(part.name, all.name) == 0);
        must(state != FLX_CLIENT_HELLO_FOUND || is_said || length == least);
        is_said = 1;
        if (length > FLX_CLIENT_HELLO_BYTES) {
            break;
        }
    }
    must(is_said == (whole != FLX_CLIENT_HELLO_NEEDS_MORE));
    return 0;
}
