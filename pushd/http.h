/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection speaks first: HTTP/1, one request after the other, until one of them is an upgrade. */
#ifndef PUSH_HTTP_H
#define PUSH_HTTP_H

#include "connection.h"
#include "response.h"

/* The connection speaks HTTP. Without memory it is cut. */
void push_http_begin(push_connection *connection);

/* Answers with a status although nothing was asked yet, and ends the connection. */
void push_http_refuse(push_connection *connection, int status);

/* Answers an exchange; date and keeps_open are filled in. */
void push_http_answer(push_exchange *exchange, push_response *response);

#endif
