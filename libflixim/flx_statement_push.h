/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of presence and of the outbox, which daemons send; flx_statement.h has the others. */
#ifndef FLX_STATEMENT_PUSH_H
#define FLX_STATEMENT_PUSH_H

#include "flx_statement.h"

/* Without a caller or an outcome. Intervals are texts ("15000 milliseconds"). */

/* daemon_id, lease (interval), silence (interval), web_push_key (text, or null). Columns: is_known (bool): if not, the daemon tells
 * all its users again; push_delay_ms (int8). */
extern const flx_statement flx_statement_beat;
/* daemon_id. */
extern const flx_statement flx_statement_end_daemon;
/* daemon_id; then an element for each user: user_ids, since (null: gone), reached (null: says nothing). */
extern const flx_statement flx_statement_update_presence;
/* user_ids, from (null: nothing is known of them). Columns: pushes (int4), how many it made. */
extern const flx_statement flx_statement_push_missed;
/* No parameters. Columns: is_mine, collected (int4), has_more, next_in_ms (int8, null: not before the next event). */
extern const flx_statement flx_statement_collect_pushes;
/* daemon_id, provider, limit, busy (text[]: destinations), claim (interval). A head with looked_at (int4) and next_in_ms (int8, null: none
 * waits), and the pushes: the other columns of flixim.push_row. */
extern const flx_statement flx_statement_claim_pushes;
/* daemon_id; then an element for each push: push_ids, results (the labels of flixim.push_result), reasons (or null), delays (intervals, or null).
 * Columns: settled (int4). */
extern const flx_statement flx_statement_settle_pushes;
/* No parameters. A row per provider: provider, waiting, due, oldest_due_ms, dead (int8). */
extern const flx_statement flx_statement_push_figures;

#endif
