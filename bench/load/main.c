/* SPDX-License-Identifier: Apache-2.0 */
/* flixim-load: WebSocket clients by the thousand in one thread, which hold all that they hear against what was said. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "run.h"

/* Lines on standard input are words: go, over. */
#define LINE 64

static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void load_run_print(const load_run *run, const char *mode)
{
    printf("{\"mode\":\"%s\",\"joined\":%zu,\"gone\":%zu", mode, run->joined, run->gone);
}

static void open_all(load_run *run)
{
    int64_t began_at = load_now();

    load_clients_open(run);
    printf("ready {\"joined\":%zu,\"failed\":%zu,\"seconds\":%.3f", run->joined,
           run->failed + run->gone, (double)(load_now() - began_at) / 1e9);
    if (run->first_failure[0] != '\0') {
        printf(",\"first\":");
        load_print_text(run->first_failure);
    }
    printf("}\n");
    (void)fflush(stdout);
}

/* The next line of standard input, while the rest goes on; NULL at its end. */
static const char *next_line(load_run *run, char line[LINE])
{
    size_t length = 0;

    for (;;) {
        load_net_want_input(&run->net);
        do {
            load_clients_round(run, run->net.is_input_ready ? 0 : 100);
        } while (!run->net.is_input_ready);
        /* Byte for byte: what comes behind the line is for later. */
        if (length == LINE - 1 || read(STDIN_FILENO, line + length, 1) != 1) {
            return NULL;
        }
        if (line[length] == '\n') {
            line[length] = '\0';
            return line;
        }
        length++;
    }
}

static void obey(load_run *run)
{
    char line[LINE];
    const char *word;

    while ((word = next_line(run, line)) != NULL && strcmp(word, "over") != 0) {
        if (strcmp(word, "go") != 0) {
            fprintf(stderr, "flixim-load: '%s' was not understood\n", word);
            run->faults.wrong++;
            return;
        }
        run->behaviour->go(run);
        load_faults_print(&run->faults);
        printf("}\n");
        (void)fflush(stdout);
    }
}

int main(int count, char **words)
{
    static const load_behaviour *const behaviours[] = { &load_connect, &load_chat, &load_fanout };
    static load_run run;
    int status = 1;

    if (load_options_read(&run.options, count, words) != 0) {
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    raise_limit();
    if (load_net_open(&run.net, &run.options) != 0 || load_users_read(&run) != 0) {
        return 2;
    }
    run.process = load_net_random(&run.net);
    run.behaviour = behaviours[run.options.mode];
    if (run.behaviour->begin(&run) == 0) {
        open_all(&run);
        obey(&run);
        status = load_faults_any(&run.faults) || run.failed > 0 ? 1 : 0;
    }
    load_clients_close(&run);
    run.behaviour->end(&run);
    load_net_close(&run.net);
    load_users_free(&run);
    return status;
}
