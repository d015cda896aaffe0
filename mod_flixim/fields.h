/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that several operations take. */
#ifndef FLIXIM_FIELDS_H
#define FLIXIM_FIELDS_H

#include <stdint.h>

#include "flx_form.h"

/* limit, before it falls to the operation's default, and offset. */
#define FLIXIM_FIELD_LIMIT                                                                         \
    {                                                                                              \
        .name = "limit", .type = FLX_FIELD_NUMBER, .min = 1, .max = 200                            \
    }
#define FLIXIM_FIELD_OFFSET                                                                        \
    {                                                                                              \
        .name = "offset", .type = FLX_FIELD_NUMBER, .min = 0, .max = INT32_MAX                     \
    }

/* The labels of flixim.message_type. */
extern const char *const flixim_message_types[];

#endif
