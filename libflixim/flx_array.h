/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL's text form of an array, written element by element. */
#ifndef FLX_ARRAY_H
#define FLX_ARRAY_H

#include "flx_buffer.h"

/* Begins an array in a buffer made anew, of up to limit bytes. Elements and the end are to follow; flx_buffer_failed then
 * says whether all of it fitted. */
void flx_array_begin(flx_buffer *array, size_t limit);

/* Appends an element, a text that ends with NUL; NULL for an SQL null. */
void flx_array_add(flx_buffer *array, const char *element);

/* Ends the array, and with a NUL its text. */
void flx_array_end(flx_buffer *array);

#endif
