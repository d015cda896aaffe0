/* SPDX-License-Identifier: Apache-2.0 */
/* Tells server processes to stop what nobody waits for any more. */
#include "canceller.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Threads at a time. */
#define CANCELS    16

#define STACK_SIZE (256UL * 1024)

/* Shared with the threads, which may outlive whoever made it: the last one to go frees it. */
struct push_canceller {
    atomic_int users; /* the owner and each thread */
};

typedef struct job {
    push_canceller *canceller;
    PGcancel *cancel;
} job;

push_canceller *push_canceller_make(void)
{
    push_canceller *canceller = malloc(sizeof *canceller);

    if (canceller != NULL) {
        atomic_init(&canceller->users, 1);
    }
    return canceller;
}

void push_canceller_free(push_canceller *canceller)
{
    if (canceller != NULL && atomic_fetch_sub(&canceller->users, 1) == 1) {
        free(canceller);
    }
}

static void end_job(job *cancelling)
{
    PQfreeCancel(cancelling->cancel);
    push_canceller_free(cancelling->canceller);
    free(cancelling);
}

static void *run_job(void *data)
{
    job *cancelling = data;
    char why[256];

    /* Whether it arrived nobody can tell: the statement may have ended meanwhile. */
    (void)PQcancel(cancelling->cancel, why, sizeof why);
    end_job(cancelling);
    return NULL;
}

/* Starts a thread that no signal is delivered to: those are the loop's. */
static int start(job *cancelling)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int failed;

    if (pthread_attr_init(&attributes) != 0) {
        return -1;
    }
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, &attributes, run_job, cancelling);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return failed != 0 ? -1 : 0;
}

int push_canceller_send(push_canceller *canceller, PGcancel *cancel)
{
    job *cancelling;

    if (cancel == NULL) {
        return 0;
    }
    cancelling = malloc(sizeof *cancelling);
    if (cancelling == NULL) {
        PQfreeCancel(cancel);
        return -1;
    }
    cancelling->canceller = canceller;
    cancelling->cancel = cancel;
    if (atomic_fetch_add(&canceller->users, 1) > CANCELS || start(cancelling) != 0) {
        end_job(cancelling);
        return -1;
    }
    return 0;
}
