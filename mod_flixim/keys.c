/* SPDX-License-Identifier: Apache-2.0 */
/* The token keys of each virtual host: read at start, the JWKS file again when it changes. */
#include "keys.h"
#include "private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apr_strings.h"
#include "apr_thread_mutex.h"

#include "clock.h"
#include "config.h"

/* How long nobody looks at the JWKS file after somebody has. */
#define LOOK_INTERVAL APR_USEC_PER_SEC

/* The longest files: a secret of more bytes is no better one; flx_keys_from_jwks has its own
 * limit. */
#define SECRET_LENGTH 4096
#define JWKS_LENGTH   65536

/* The rights of all others: that they may read, write and execute; that they may write. */
#define OTHERS_ANYTHING 0007
#define OTHERS_WRITE    0002

/* What tells a file from its next version; all 0 if there is none. The change time is in it, so
 * that a chmod counts. */
typedef struct {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
} stamp;

/* A file in memory, from the heap. */
typedef struct {
    char *text;
    size_t length;
    stamp version;
} contents;

/* Keys that change while they are in use: freed by the last who gives them back. The mutex of the
 * store guards USERS. */
typedef struct {
    flx_keys *keys;
    int users;
} key_set;

/* The keys of a virtual host that names files, for it and those that inherit them. Made in the
 * parent; each child has its copy. */
typedef struct {
    /* of FlixIMTokenKeyFile; NULL without; never changes */
    flx_keys *secret;
    /* of FlixIMTokenJWKSFile; NULL without; counted once as a user for being here */
    key_set *jwks;
    /* guards jwks, and is held for the counting only: a verification takes longer, and a
     * reader-writer lock held for that long could keep the one who brings new keys waiting for
     * ever */
    apr_thread_mutex_t *swap;
    /* held by the one thread that looks at the file; the others go on with the keys they have */
    apr_thread_mutex_t *looking;
    /* by flixim_clock_now(); guarded by looking, as is the version that was last read or tried */
    apr_time_t looked_at;
    stamp version;
} store;

static store *store_of(const server_rec *s)
{
    return *flixim_config_keys_slot(flixim_config_token_owner(s));
}

static int is_same(const stamp *a, const stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static stamp stamp_of(const struct stat *status)
{
    stamp version = { .device = status->st_dev,
                      .inode = status->st_ino,
                      .size = status->st_size,
                      .modified = status->st_mtim,
                      .changed = status->st_ctim };

    return version;
}

static void forget(contents *file)
{
    if (file->text) {
        explicit_bzero(file->text, file->length);
        free(file->text);
        file->text = NULL;
    }
}

/* Reads all of an open file of at most LIMIT bytes. NULL, or why not. */
static const char *read_open(int fd, size_t limit, contents *file)
{
    ssize_t got = 1;

    file->text = malloc(limit + 1);
    if (!file->text) {
        return "no memory";
    }
    while (got > 0 && file->length <= limit) {
        got = read(fd, file->text + file->length, limit + 1 - file->length);
        file->length += got > 0 ? (size_t)got : 0;
    }
    if (got >= 0 && file->length <= limit) {
        return NULL;
    }
    forget(file);
    return got < 0 ? "cannot be read" : "is too long";
}

/* Reads a file to which others do not have the rights FORBIDDEN. NULL, or why not: in P. */
static const char *read_file(apr_pool_t *p, const char *path, size_t limit, mode_t forbidden,
                             contents *file)
{
    /* O_NONBLOCK: not to wait for whoever writes into a pipe of that name. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    const char *why = NULL;

    memset(file, 0, sizeof(*file));
    if (fd < 0) {
        return apr_psprintf(p, "cannot be read: %s", strerror(errno));
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        why = "is not a file";
    }
    else if (status.st_mode & forbidden) {
        why = apr_psprintf(p, "has mode %04o, which lets others %s it",
                           (unsigned int)status.st_mode & 07777,
                           forbidden == OTHERS_WRITE ? "write" : "read, write or run");
    }
    else {
        file->version = stamp_of(&status);
        why = read_open(fd, limit, file);
    }
    close(fd);
    return why;
}

static apr_status_t free_store(void *data)
{
    store *own = data;

    flx_keys_free(own->secret);
    own->secret = NULL;
    if (own->jwks) {
        flx_keys_free(own->jwks->keys);
        free(own->jwks);
        own->jwks = NULL;
    }
    return APR_SUCCESS;
}

/* The store of S itself, made at its first call. */
static store *make_store(apr_pool_t *pconf, const server_rec *s)
{
    void **slot = flixim_config_keys_slot(s);

    if (!*slot) {
        *slot = apr_pcalloc(pconf, sizeof(store));
        apr_pool_cleanup_register(pconf, *slot, free_store, apr_pool_cleanup_null);
    }
    return *slot;
}

static const char *sentence(apr_pool_t *p, const char *directive, const char *path, const char *why)
{
    return why ? apr_psprintf(p, "%s \"%s\": %s", directive, path, why) : NULL;
}

const char *flixim_keys_load_secret(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *s)
{
    const char *path = flixim_config_token_key_file(s);
    store *own = make_store(pconf, s);
    contents file;
    const char *why = read_file(ptemp, path, SECRET_LENGTH, OTHERS_ANYTHING, &file);

    if (!why) {
        size_t length = file.length;

        if (length > 0 && file.text[length - 1] == '\n') {
            length--;
            length -= length > 0 && file.text[length - 1] == '\r';
        }
        own->secret = flx_keys_from_secret(file.text, length, &why);
        why = own->secret ? NULL : why;
        forget(&file);
    }
    return sentence(ptemp, "FlixIMTokenKeyFile", path, why);
}

/* Makes a set from the JWKS file. NULL with *WHY, in P, if that is no good. *VERSION is set if the
 * file could be opened. */
static key_set *read_jwks(apr_pool_t *p, const char *path, stamp *version, const char **why)
{
    key_set *set = NULL;
    contents file;

    *why = read_file(p, path, JWKS_LENGTH, OTHERS_WRITE, &file);
    if (*why) {
        return NULL;
    }
    *version = file.version;
    set = malloc(sizeof(*set));
    if (set) {
        set->users = 1;
        set->keys = flx_keys_from_jwks(file.text, file.length, why);
    }
    if (set && !set->keys) {
        free(set);
        set = NULL;
    }
    forget(&file);
    return set;
}

const char *flixim_keys_load_jwks(apr_pool_t *pconf, apr_pool_t *ptemp, const server_rec *s)
{
    const char *path = flixim_config_token_jwks_file(s);
    store *own = make_store(pconf, s);
    const char *why = NULL;

    own->jwks = read_jwks(ptemp, path, &own->version, &why);
    return own->jwks ? NULL : sentence(ptemp, "FlixIMTokenJWKSFile", path, why ? why : "no memory");
}

void flixim_keys_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        store *own = *flixim_config_keys_slot(s);

        if (own && (apr_thread_mutex_create(&own->swap, APR_THREAD_MUTEX_DEFAULT, pchild) ||
                    apr_thread_mutex_create(&own->looking, APR_THREAD_MUTEX_DEFAULT, pchild))) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "FLX0301: no mutex left for this child");
            exit(APEXIT_CHILDSICK);
        }
        /* PCONF is not cleared in a child, so what free_store is for would not be done here. By then
         * the child's threads have ended. */
        if (own) {
            apr_pool_cleanup_register(pchild, own, free_store, apr_pool_cleanup_null);
        }
    }
}

static key_set *borrow(store *own)
{
    key_set *set;

    apr_thread_mutex_lock(own->swap);
    set = own->jwks;
    if (set) {
        set->users++;
    }
    apr_thread_mutex_unlock(own->swap);
    return set;
}

static void give_back(store *own, key_set *set)
{
    int is_last;

    apr_thread_mutex_lock(own->swap);
    is_last = --set->users == 0;
    apr_thread_mutex_unlock(own->swap);
    if (is_last) {
        flx_keys_free(set->keys);
        free(set);
    }
}

/* Reads the JWKS file if it is another one than the last that was tried; says so in the log. The
 * caller holds the lock for looking. */
static void look(request_rec *r, store *own)
{
    const char *path = flixim_config_token_jwks_file(r->server);
    struct stat status;
    stamp version = { 0 };
    const char *why = NULL;
    key_set *set;
    key_set *old;

    if (stat(path, &status) == 0) {
        version = stamp_of(&status);
    }
    if (is_same(&version, &own->version)) {
        return;
    }
    set = read_jwks(r->pool, path, &version, &why);
    own->version = version;
    if (!set) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "FLX0302: %s; the keys read before stay",
                      sentence(r->pool, "FlixIMTokenJWKSFile", path, why ? why : "no memory"));
        return;
    }
    apr_thread_mutex_lock(own->swap);
    old = own->jwks;
    own->jwks = set;
    apr_thread_mutex_unlock(own->swap);
    give_back(own, old);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "FLX0303: FlixIMTokenJWKSFile \"%s\" was read anew",
                  path);
}

static void look_if_due(request_rec *r, store *own)
{
    if (apr_thread_mutex_trylock(own->looking) != APR_SUCCESS) {
        return;
    }
    if (flixim_clock_now() - own->looked_at >= LOOK_INTERVAL) {
        own->looked_at = flixim_clock_now();
        look(r, own);
    }
    apr_thread_mutex_unlock(own->looking);
}

static flx_token_rules rules_of(const server_rec *s)
{
    flx_token_rules rules = { .issuer = flixim_config_token_issuer(s),
                              .audience = flixim_config_token_audience(s),
                              .leeway = flixim_config_token_leeway(s) / 1000 };

    return rules;
}

int flixim_keys_verify(request_rec *r, const char *token, size_t length, flx_claims *claims,
                       const char **why)
{
    flx_token_rules rules = rules_of(r->server);
    store *own = store_of(r->server);
    const flx_keys *sets[2];
    key_set *jwks = NULL;
    int count = 0;
    int result;

    if (!own) {
        *why = "no_keys";
        return -1;
    }
    if (own->secret) {
        sets[count++] = own->secret;
    }
    if (flixim_config_token_jwks_file(r->server)) {
        look_if_due(r, own);
        jwks = borrow(own);
        sets[count++] = jwks->keys;
    }
    result =
        flx_token_verify(sets, count, &rules, apr_time_now() / 1000, token, length, claims, why);
    if (jwks) {
        give_back(own, jwks);
    }
    return result;
}

int flixim_keys_can_sign(const server_rec *s)
{
    const store *own = store_of(s);

    return own && own->secret;
}

int flixim_keys_sign(request_rec *r, const flx_claims *claims, flx_buffer *token)
{
    flx_token_rules rules = rules_of(r->server);
    const store *own = store_of(r->server);

    return own && own->secret ? flx_token_sign(own->secret, &rules, claims, token) : -1;
}
