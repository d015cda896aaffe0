/* SPDX-License-Identifier: Apache-2.0 */
/* Many moments to wait for, on one timer of the loop. */
#ifndef PUSH_DEADLINE_H
#define PUSH_DEADLINE_H

#include <stddef.h>
#include <uv.h>

typedef struct push_deadline push_deadline;
typedef struct push_deadlines push_deadlines;

/* Part of whatever waits. Zeroed it waits for nothing. */
struct push_deadline {
    /* Called by the loop, once, when it is due; it may set, clear and free what it likes. */
    void (*reached)(push_deadline *deadline);
    uint64_t due; /* private: in uv_now's time */
    size_t place; /* private: in the heap, from 1 on; 0: it is not set */
};

/* NULL if there is no memory. */
push_deadlines *push_deadlines_make(uv_loop_t *loop) __attribute__((warn_unused_result));

/* None is reached any more. The loop gives the memory back a turn later. */
void push_deadlines_free(push_deadlines *deadlines);

/* Sets a deadline, or moves it, to so many milliseconds from now. Without memory for one more it is lost, with a
 * line in the log. */
void push_deadline_set(push_deadlines *deadlines, push_deadline *deadline, uint64_t milliseconds);

/* Not any more; does nothing to one that is not set. */
void push_deadline_clear(push_deadlines *deadlines, push_deadline *deadline);

/* Whether it is set. */
int push_deadline_is_set(const push_deadline *deadline);

#endif
