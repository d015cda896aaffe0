/* SPDX-License-Identifier: Apache-2.0 */
/* The directives: what each takes, and where it may be. */
#ifndef FLIXIM_DIRECTIVES_H
#define FLIXIM_DIRECTIVES_H

#include "httpd.h"
#include "http_config.h"

/* The table of directives, for the module record. */
extern const command_rec flixim_directives[];

/* The <VirtualHost> that DIRECTIVE is in; NULL if that is the main server, or DIRECTIVE is NULL. */
const ap_directive_t *flixim_directives_virtual_host(const ap_directive_t *directive);

/* Of two directives that do not go together the one in a virtual host, as it came to what was there; A,
 * if there is one, where that does not tell. */
const ap_directive_t *flixim_directives_nearer(const ap_directive_t *a, const ap_directive_t *b);

#endif
