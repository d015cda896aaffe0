/* SPDX-License-Identifier: Apache-2.0 */
/* Replays a corpus through a fuzz target, for compilers without libFuzzer: each argument is a
 * file, each file a test in TAP. */
#include "fuzz.h"

#include <stdio.h>

/* Reads a whole file into memory of just its size, so that a byte read too far is seen. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long length = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 &&
        fseek(file, 0, SEEK_SET) == 0) {
        data = malloc(length > 0 ? (size_t)length : 1);
    }
    if (data != NULL && fread(data, 1, (size_t)length, file) != (size_t)length) {
        free(data);
        data = NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    *size = (size_t)length;
    return data;
}

int main(int argc, char **argv)
{
    int i, failed = 0;

    printf("1..%d\n", argc - 1);
    for (i = 1; i < argc; i++) {
        size_t size;
        uint8_t *data = read_file(argv[i], &size);
        if (data != NULL) {
            LLVMFuzzerTestOneInput(data, size);
        }
        printf("%sok %d - %s\n", data != NULL ? "" : "not ", i, argv[i]);
        fflush(stdout);
        failed += data == NULL;
        free(data);
    }
    return failed > 0 || argc < 2;
}
