/* SPDX-License-Identifier: Apache-2.0 */
/* Whose channels are joined here: users by their id, each with its subscriptions. */
#include "users.h"

#include <stdlib.h>
#include <string.h>

#include "server.h"

#define SIZE_MIN 256

/* Ids are random, or of version 5 or 7: all of them have their randomness in the last bytes. Who picks
 * ids that collide has to be a user that the site's tokens name. */
static size_t bucket_of(const struct push_users *users, const flx_uuid *id)
{
    uint64_t high, low;

    memcpy(&high, id->bytes, sizeof high);
    memcpy(&low, id->bytes + sizeof high, sizeof low);
    low ^= high * UINT64_C(0x9E3779B97F4A7C15);
    low *= UINT64_C(0xBF58476D1CE4E5B9);
    return (size_t)(low >> 32) & (users->size - 1);
}

push_user *push_users_find(const struct push_users *users, const flx_uuid *id)
{
    push_user *user = users->buckets[bucket_of(users, id)];

    while (user != NULL && memcmp(user->id.bytes, id->bytes, FLX_UUID_BYTES) != 0) {
        user = user->next;
    }
    return user;
}

static void put(struct push_users *users, push_user *user)
{
    push_user **bucket = &users->buckets[bucket_of(users, &user->id)];

    user->next = *bucket;
    *bucket = user;
}

/* More buckets, as long as there is memory for them; without, it only gets slower. */
static void grow(struct push_users *users)
{
    push_user **old = users->buckets, *user, *next;
    size_t size = users->size, i;
    push_user **made = calloc(size * 2, sizeof(push_user *));

    if (made == NULL) {
        return;
    }
    users->buckets = made;
    users->size = size * 2;
    for (i = 0; i < size; i++) {
        for (user = old[i]; user != NULL; user = next) {
            next = user->next;
            put(users, user);
        }
    }
    free(old);
}

int push_users_add(struct push_users *users, push_subscription *subscription)
{
    push_user *user = push_users_find(users, &subscription->user_id);

    if (user == NULL) {
        user = calloc(1, sizeof *user);
        if (user == NULL) {
            return -1;
        }
        user->id = subscription->user_id;
        user->presence = (push_presence_part){ .told = PUSH_PRESENCE_NONE,
                                               .missed = PUSH_PRESENCE_NONE,
                                               .reached = FLX_TIME_MIN };
        if (users->count++ >= users->size) {
            grow(users);
        }
        put(users, user);
    }
    subscription->previous_of_user = NULL;
    subscription->next_of_user = user->first;
    if (user->first != NULL) {
        user->first->previous_of_user = subscription;
    }
    user->first = subscription;
    return 0;
}

void push_users_let_go(struct push_users *users, push_user *user)
{
    push_user **link = &users->buckets[bucket_of(users, &user->id)];

    if (user->first != NULL || user->presence.is_queued || user->presence.is_being_told ||
        user->presence.told != PUSH_PRESENCE_NONE) {
        return;
    }
    while (*link != user) {
        link = &(*link)->next;
    }
    *link = user->next;
    users->count--;
    free(user);
}

void push_users_remove(struct push_users *users, push_subscription *subscription)
{
    push_user *user;

    if (subscription->next_of_user != NULL) {
        subscription->next_of_user->previous_of_user = subscription->previous_of_user;
    }
    if (subscription->previous_of_user != NULL) {
        subscription->previous_of_user->next_of_user = subscription->next_of_user;
        return;
    }
    user = push_users_find(users, &subscription->user_id);
    if (user != NULL) {
        user->first = subscription->next_of_user;
        push_users_let_go(users, user);
    }
}

void push_users_each(struct push_users *users, void (*call)(push_subscription *subscription))
{
    push_subscription *subscription;
    const push_user *user;
    size_t i;

    for (i = 0; i < users->size; i++) {
        for (user = users->buckets[i]; user != NULL; user = user->next) {
            for (subscription = user->first; subscription != NULL;
                 subscription = subscription->next_of_user) {
                call(subscription);
            }
        }
    }
}

void push_users_every(struct push_users *users, void (*call)(push_user *user, void *data),
                      void *data)
{
    for (size_t i = 0; i < users->size; i++) {
        for (push_user *user = users->buckets[i]; user != NULL; user = user->next) {
            call(user, data);
        }
    }
}

struct push_users *push_users_make(struct push_server *server)
{
    struct push_users *users = calloc(1, sizeof *users);

    if (users == NULL) {
        return NULL;
    }
    users->server = server;
    users->size = SIZE_MIN;
    users->buckets = calloc(users->size, sizeof(push_user *));
    users->catch_up = push_catch_up_make(server);
    if (users->buckets == NULL || users->catch_up == NULL) {
        push_users_free(users);
        return NULL;
    }
    return users;
}

void push_users_free(struct push_users *users)
{
    if (users != NULL) {
        /* Whom presence.c could not tell of any more is left. */
        for (size_t i = 0; users->buckets != NULL && i < users->size; i++) {
            while (users->buckets[i] != NULL) {
                push_user *user = users->buckets[i];

                users->buckets[i] = user->next;
                free(user);
            }
        }
        push_catch_up_free(users->catch_up);
        free(users->buckets);
        free(users);
    }
}
