/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes hand-offs as a played world over real sockets: askers come, say anything in any order, with and without descriptors, and go, while
 * the application judges and time passes. Whatever happens, at most one verdict is said on a line, a client is taken only after a yes, and
 * in the end nothing is left. Each byte of the input is somebody's step. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "flx_handoff.h"
#include "handoff.h"
#include "http.h"
#include "parcel.h"
#include "request.h"
#include "upgrade.h"
#include "websocket.h"

#define LINES       4
#define DESCRIPTORS 64 /* of a run, at most */
#define LONG        1000000000

static struct {
    const uint8_t *at;
    size_t left;
    push_upgrade *asked[LINES * 8]; /* what the application is judging */
    int asked_count;
    int lines[LINES]; /* the askers' ends; -1: none */
    int is_full;
    int is_quick; /* the application judges at once */
    int reserved;
    int yeses;
    int taken;
} world;

static push_settings settings = { .head_size = 16384 };
static uv_loop_t loop;
static struct push_tls *const any_tls = (struct push_tls *)(void *)&loop; /* nobody looks into it */
static push_server our_server = { .loop = &loop, .settings = &settings };
static push_connection the_client = { .server = &our_server };

static uint8_t next_byte(void)
{
    return world.left > 0 ? (world.left--, *world.at++) : 0;
}

/* ---- the daemon around it ---- */

int push_connections_reserve(struct push_connections *all)
{
    (void)all;
    if (world.is_full) {
        return -1;
    }
    world.reserved++;
    return 0;
}

void push_connections_unreserve(struct push_connections *all)
{
    (void)all;
    must(world.reserved-- > 0);
}

push_connection *push_connection_adopt(push_server *server, int fd, int is_tls,
                                       void (*speak)(push_connection *connection),
                                       flx_slice read_already)
{
    must(server == &our_server && push_parcel_is_client(fd));
    must(!is_tls || (speak == push_http_begin && read_already.length == 0));
    must(++world.taken <= world.yeses);
    close(fd);
    if (!is_tls) {
        speak(&the_client);
    }
    return world.is_full ? NULL : &the_client;
}

void push_connection_speak(push_connection *connection, const push_protocol *protocol, void *state)
{
    connection->protocol = protocol;
    connection->state = state;
}

void push_connection_send(push_connection *connection, push_block *block, int ends_unit)
{
    must(connection == &the_client && ends_unit);
    push_block_release(block);
}

void push_connection_resume(push_connection *connection)
{
    must(connection == &the_client);
}

void push_connection_cut(push_connection *connection)
{
    must(connection == &the_client);
}

void push_http_begin(push_connection *connection)
{
    must(connection == &the_client);
}

int push_websocket_open(push_connection *connection, const flx_connect *connect,
                        push_identity *identity)
{
    must(connection == &the_client && connect != NULL && identity == NULL);
    return 0;
}

void push_log(push_log_level level, const char *format, ...)
{
    must(level <= PUSH_LOG_DEBUG && format != NULL);
}

/* ---- a request: its first byte says what it is ---- */

struct push_request {
    flx_request head;
    char first;
};

push_request *push_request_make(size_t head_size)
{
    must(head_size == 16384);
    return calloc(1, sizeof(push_request));
}

void push_request_free(push_request *request)
{
    free(request);
}

push_request_state push_request_take(push_request *request, const char *bytes, size_t length,
                                     size_t *taken)
{
    must(length > 0);
    request->first = bytes[0];
    *taken = length - (bytes[0] == 'S');
    return bytes[0] == 'B'   ? PUSH_REQUEST_BAD
           : bytes[0] == 'W' ? PUSH_REQUEST_WANTS
                             : PUSH_REQUEST_WHOLE;
}

int push_request_status(const push_request *request)
{
    must(request->first == 'B');
    return 431;
}

const flx_request *push_request_head(const push_request *request)
{
    return &request->head;
}

int push_upgrade_is_asked(const push_server *server, const flx_request *head)
{
    must(server == &our_server);
    return ((const push_request *)(const void *)head)->first != 'O';
}

static void decide(push_upgrade *upgrade, int is_yes)
{
    upgrade->status = is_yes ? 101 : 403;
    upgrade->answer = is_yes ? push_block_make("101", 3) : NULL;
    world.yeses += is_yes;
    upgrade->done(upgrade->data);
}

void push_upgrade_judge(push_upgrade *upgrade, push_server *server, const flx_request *head,
                        int is_local, void (*done)(void *data), void *data)
{
    must(server == &our_server && head != NULL && !is_local);
    upgrade->done = done;
    upgrade->data = data;
    if (world.is_quick || world.asked_count == LINES * 8) {
        decide(upgrade, next_byte() & 1);
    }
    else {
        world.asked[world.asked_count++] = upgrade;
    }
}

void push_upgrade_end(push_upgrade *upgrade)
{
    for (int i = 0; i < world.asked_count; i++) {
        if (world.asked[i] == upgrade) {
            world.asked[i] = world.asked[--world.asked_count];
        }
    }
    push_block_release(upgrade->answer);
    memset(upgrade, 0, sizeof *upgrade);
}

/* ---- the askers ---- */

static void send_packet(int line, char *bytes, size_t length, int count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(3 * sizeof(int))];
    } control;
    struct iovec part = { bytes, length };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    int sent[3] = { -1, -1, -1 };

    memset(&control, 0, sizeof control);
    for (int i = 0; i < count; i++) {
        sent[i] = next_byte() & 1 ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)
                                  : open("/dev/null", O_RDONLY | O_CLOEXEC);
        must(sent[i] >= 0);
    }
    if (count > 0) {
        struct cmsghdr *head;
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(head), sent, (size_t)count * sizeof(int));
    }
    (void)!sendmsg(line, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    for (int i = 0; i < count; i++) {
        close(sent[i]);
    }
}

static void say(int line, int what)
{
    static const char *const heads[] = { "G", "B", "W", "S", "O" };
    flx_handoff_question question = { FLX_HANDOFF_HTTP, { "192.0.2.1", 9 }, { "", 0 } };
    flx_slice behind = { "bytes", 5 };
    char nothing[1] = { 0 };
    flx_buffer packet;
    int count = 0;

    flx_buffer_init(&packet, FLX_HANDOFF_PACKET);
    if (what < 5) {
        question.head = (flx_slice){ heads[what], 1 };
        flx_handoff_write_question(&packet, &question);
    }
    else if (what == 5) {
        question.kind = FLX_HANDOFF_TLS;
        question.address.length = 0;
        flx_handoff_write_question(&packet, &question);
    }
    else if (what < 10) {
        count = what == 9 ? 3 : what == 8 ? 0 : 1;
        behind.length = what == 6 ? 0 : 5;
        flx_handoff_write_connection(&packet, behind);
    }
    else {
        count = what == 10;
        flx_buffer_add(&packet, (const char *)world.at, world.left < 8 ? world.left : 8);
    }
    send_packet(line, packet.at != NULL ? packet.at : nothing, packet.length, count);
    flx_buffer_free(&packet);
}

static void come(struct push_handoffs *all, int *line)
{
    int ends[2];

    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    *line = ends[0];
    if (next_byte() & 1) {
        say(*line, 0);
    }
    if (next_byte() & 1) {
        push_handoffs_accept(all, ends[1]);
    }
    else {
        push_handoffs_refuse(all, ends[1]);
    }
}

/* The asker goes, and has heard one verdict, or none. */
static void go(int *line)
{
    char bytes[256];
    flx_handoff_verdict verdict;
    ssize_t length;
    int count = 0;

    while ((length = recv(*line, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        must(flx_handoff_read_verdict(&verdict, bytes, (size_t)length) == 0);
        must(++count == 1);
    }
    close(*line);
    *line = -1;
}

static void step(struct push_handoffs *all, uint8_t byte)
{
    int *line = &world.lines[byte >> 4 & (LINES - 1)];

    switch (byte & 15) {
    case 12:
        if (*line < 0) {
            come(all, line);
        }
        else {
            go(line);
        }
        break;
    case 13:
        uv_run(&loop, UV_RUN_NOWAIT);
        break;
    case 14:
        if (world.asked_count > 0) {
            decide(world.asked[--world.asked_count], byte >> 7);
        }
        break;
    case 15:
        settings.head_time = byte & 16 ? 0 : LONG;
        our_server.tls = byte & 32 ? any_tls : NULL;
        world.is_quick = (byte & 64) != 0;
        world.is_full = (byte & 128) != 0;
        break;
    default:
        if (*line >= 0) {
            /* a yes to TLS needs no application */
            world.yeses += (byte & 15) == 5;
            say(*line, byte & 15);
        }
    }
}

static int descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static void on_closed(void *data)
{
    *(int *)data = 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct push_handoffs *all;
    int before, is_closed = 0;

    if (loop.data == NULL) {
        must(uv_loop_init(&loop) == 0);
        loop.data = &loop;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    before = descriptors();
    memset(&world, 0, sizeof world);
    memset(world.lines, -1, sizeof world.lines);
    world.at = data;
    world.left = size < 200 ? size : 200;
    settings.head_time = LONG;
    our_server.tls = NULL;
    all = push_handoffs_make(&our_server);
    must(all != NULL);
    while (world.left > 0) {
        step(all, next_byte());
    }
    push_handoffs_close(all, on_closed, &is_closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    must(is_closed && world.reserved == 0 && world.asked_count == 0);
    for (int i = 0; i < LINES; i++) {
        if (world.lines[i] >= 0) {
            go(&world.lines[i]);
        }
    }
    must(descriptors() == before);
    return 0;
}
