/* SPDX-License-Identifier: Apache-2.0 */
/* The canceller's queue: who calls it never waits, and what does not fit is dropped. */
#include "unit.h"

#include <semaphore.h>

/* Its file as it is, with libpq's two functions replaced by those below. */
#define PQcancel     fake_cancel
#define PQfreeCancel fake_free
#include "../../mod_flixim/canceller.c" /* NOLINT(bugprone-suspicious-include) */

static sem_t begun;
static sem_t may_end;
static sem_t freed;
static sig_atomic_t signals_are_blocked;

int fake_cancel(PGcancel *cancel, char *errbuf, int errbufsize)
{
    sigset_t blocked;

    (void)cancel;
    (void)errbuf;
    (void)errbufsize;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    signals_are_blocked = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGUSR1);
    sem_post(&begun);
    sem_wait(&may_end);
    return 0;
}

void fake_free(PGcancel *cancel)
{
    (void)cancel;
    sem_post(&freed);
}

static void test_queue(void **state)
{
    static char request;
    PGcancel *cancel = (PGcancel *)&request;
    flixim_canceller *canceller = flixim_canceller_make();
    sigset_t mine;
    int count;

    (void)state;
    sem_init(&begun, 0, 0);
    sem_init(&may_end, 0, 0);
    sem_init(&freed, 0, 0);
    assert_non_null(canceller);
    assert_int_equal(flixim_canceller_send(canceller, NULL), 1);
    assert_int_equal(canceller->is_running, 0);

    /* One on its way to a server that does not answer, and as many as can wait behind it. */
    assert_int_equal(flixim_canceller_send(canceller, cancel), 1);
    sem_wait(&begun);
    assert_true(signals_are_blocked);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
    for (int i = 0; i < PLACES; i++) {
        assert_int_equal(flixim_canceller_send(canceller, cancel), 1);
    }
    assert_int_equal(flixim_canceller_send(canceller, cancel), 0);
    sem_getvalue(&freed, &count);
    assert_int_equal(count, 1);

    /* It answers: all of them are sent, and freed. */
    for (int i = 0; i < PLACES + 1; i++) {
        sem_post(&may_end);
    }
    for (int i = 0; i < PLACES + 2; i++) {
        sem_wait(&freed);
    }
    assert_int_equal(flixim_canceller_send(canceller, cancel), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_queue) };

    return unit_run("canceller", tests, sizeof(tests) / sizeof(tests[0]));
}
