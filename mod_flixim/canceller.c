/* SPDX-License-Identifier: Apache-2.0 */
/* Sends cancel requests to the database in the background, one after the other. */
#include "canceller.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "libpq-fe.h"

/* As many as can be waiting. */
#define PLACES 64

/* Lives in the heap and is never freed, and its thread is never joined: when the child ends, the thread
 * may be waiting for a server that does not answer, and must neither hold the child up nor find its
 * memory gone. (APR's threads and mutexes would go with their pool.) */
struct flixim_canceller {
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    /* all below under the mutex; a ring */
    PGcancel *waiting[PLACES];
    int first;
    int count;
    int is_running;
};

flixim_canceller *flixim_canceller_make(void)
{
    flixim_canceller *canceller = calloc(1, sizeof(*canceller));

    if (canceller && (pthread_mutex_init(&canceller->mutex, NULL) != 0 ||
                      pthread_cond_init(&canceller->arrived, NULL) != 0)) {
        free(canceller);
        return NULL;
    }
    return canceller;
}

static void *run(void *arg)
{
    flixim_canceller *canceller = arg;

    for (;;) {
        PGcancel *cancel;
        char error[256];

        pthread_mutex_lock(&canceller->mutex);
        while (canceller->count == 0) {
            pthread_cond_wait(&canceller->arrived, &canceller->mutex);
        }
        cancel = canceller->waiting[canceller->first];
        canceller->first = (canceller->first + 1) % PLACES;
        canceller->count--;
        pthread_mutex_unlock(&canceller->mutex);
        /* That it was sent says nothing about what it did, so neither does an error. */
        PQcancel(cancel, error, sizeof(error));
        PQfreeCancel(cancel);
    }
    return NULL;
}

/* Starts the thread, with all signals blocked: they are for httpd's own threads. 1 if that worked. */
static int start(flixim_canceller *canceller)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int started;

    if (pthread_attr_init(&attributes) != 0) {
        return 0;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&thread, &attributes, run, canceller) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

int flixim_canceller_send(flixim_canceller *canceller, PGcancel *cancel)
{
    int taken;

    if (!cancel) {
        return 1;
    }
    pthread_mutex_lock(&canceller->mutex);
    if (!canceller->is_running) {
        canceller->is_running = start(canceller);
    }
    taken = canceller->is_running && canceller->count < PLACES;
    if (taken) {
        canceller->waiting[(canceller->first + canceller->count) % PLACES] = cancel;
        canceller->count++;
        pthread_cond_signal(&canceller->arrived);
    }
    pthread_mutex_unlock(&canceller->mutex);
    if (!taken) {
        PQfreeCancel(cancel);
    }
    return taken;
}
