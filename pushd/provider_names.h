/* SPDX-License-Identifier: Apache-2.0 */
/* The push services there are, in one order everywhere. */
#ifndef PUSH_PROVIDER_NAMES_H
#define PUSH_PROVIDER_NAMES_H

/* X(name), as flixim.push_provider has it. */
#define PUSH_PROVIDER_NAMES(X) X(web_push) X(apns) X(fcm) X(webhook)

/* A term of the sum below. */
#define PUSH_PROVIDER_COUNT(name) +1 /* NOLINT(bugprone-macro-parentheses) */
#define PUSH_PROVIDERS            (0 PUSH_PROVIDER_NAMES(PUSH_PROVIDER_COUNT))

#endif
