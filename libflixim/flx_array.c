/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's text form of an array, written element by element. */
#include "flx_array.h"

#include <string.h>

void flx_array_begin(flx_buffer *array, size_t limit)
{
    flx_buffer_init(array, limit);
    flx_buffer_add(array, "{", 1);
}

/* Every element is quoted, so that none is taken for a null or for more than one. */
static void add_quoted(flx_buffer *array, const char *element)
{
    flx_buffer_add(array, "\"", 1);
    while (*element != '\0') {
        size_t length = strcspn(element, "\"\\");

        flx_buffer_add(array, element, length);
        element += length;
        if (*element != '\0') {
            flx_buffer_add(array, "\\", 1);
            flx_buffer_add(array, element++, 1);
        }
    }
    flx_buffer_add(array, "\"", 1);
}

void flx_array_add(flx_buffer *array, const char *element)
{
    flx_buffer_add(array, ",", array->length > 1);
    if (element == NULL) {
        flx_buffer_add(array, "NULL", 4);
    }
    else {
        add_quoted(array, element);
    }
}

void flx_array_end(flx_buffer *array)
{
    flx_buffer_add(array, "}", sizeof "}");
}
