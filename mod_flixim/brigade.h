/* SPDX-License-Identifier: Apache-2.0 */
/* APR's bucket brigades, for files that walk or fill one. */
#ifndef FLIXIM_BRIGADE_H
#define FLIXIM_BRIGADE_H

#include "apr_buckets.h"

/* The macros find a ring's end by a cast that drops a volatile, which clang counts against whoever
 * uses them. */
#pragma GCC diagnostic ignored "-Wcast-qual"

#endif
