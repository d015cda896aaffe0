/* SPDX-License-Identifier: Apache-2.0 */
/* A service account of Google's: the file with its key, and the access tokens that its key is good for. */
#ifndef PUSH_FCM_ACCOUNT_H
#define PUSH_FCM_ACCOUNT_H

#include "http_client.h"

typedef struct push_fcm_account push_fcm_account;

/* Reads the file as it was downloaded, JSON with the key in it. NULL with what is wrong with it, in a few words for the administrator ("has no
 * client_email"), in a buffer of the given size. */
push_fcm_account *push_fcm_account_read(const char *path, char *why, size_t size)
    __attribute__((warn_unused_result));

/* Wipes the key. A request that is under way ends without an effect. NULL is fine. */
void push_fcm_account_free(push_fcm_account *account);

/* The project that the account belongs to: letters, digits and "-:.". */
const char *push_fcm_account_project(const push_fcm_account *account);

/* The access token to send with; NULL if there is none that is good for long enough. */
const char *push_fcm_account_token(const push_fcm_account *account);

/* Sees to a token: asks for one over client if there is none or it soon ends, unless that is under way or failed lately. Whether there is one to send
 * with. changed, unless NULL, is called once if there is none, when it has come or could not be had; a later call replaces it. */
int push_fcm_account_prepare(push_fcm_account *account, struct push_http_client *client,
                             void (*changed)(void *data), void *data);

/* The token was refused, as it seems: a new one is asked for, and if that is certain the old one is not used again. Not more often than once a minute,
 * for a new one would be refused as well. */
void push_fcm_account_refused(push_fcm_account *account, int is_certain);

#endif
