/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the two languages of our texts an Accept-Language header asks for. */
#ifndef FLX_LANGUAGE_H
#define FLX_LANGUAGE_H

#include <stddef.h>

/* A longer header is not looked at. */
#define FLX_LANGUAGE_LENGTH 1000

/* Whether the header (RFC 9110, 12.5.4; NULL: there is none) prefers English: whether some
 * English range has a weight above zero and above that of every Chinese range. "*" counts as
 * Chinese, which is the default; the order of ranges says nothing. 0 also for what is
 * malformed. */
int flx_language_prefers_english(const char *accept_language, size_t length);

#endif
