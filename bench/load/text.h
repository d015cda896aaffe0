/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that are sent: who sent it, the how manyth it is, and words; so that what comes can be held against what was sent. */
#ifndef LOAD_TEXT_H
#define LOAD_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "flx_json_scan.h"
#include "flx_uuid.h"

#define LOAD_TEXT 96

/* Writes a message's text: returns its length. Nothing in it takes an escape in JSON. */
size_t load_text_write(char text[LOAD_TEXT], uint32_t sender, uint32_t number);

/* Reads one that was written so. 0, or -1 if it is anything else, in any character. */
int load_text_read(flx_slice text, uint32_t *sender, uint32_t *number);

/* The id of a message: no two of two processes are the same. */
void load_text_id(char id[FLX_UUID_TEXT], uint64_t process, uint32_t sender, uint32_t number);

#endif
