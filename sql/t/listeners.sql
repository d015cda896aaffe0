-- SPDX-License-Identifier: Apache-2.0
-- Who is woken: a writer notifies if some daemon's lease is current, and else does not. psql prints what it hears after a statement;
-- a file listens to that.

\ir lib/helpers.sql
SELECT no_plan();
SET ROLE flixim_app;
LISTEN flixim_events;
\set notes `mktemp`

-- Whether the statements between this and the next \o were heard is the number of lines that grep then finds.
\o :notes
CALL t.say(1, 2, 'nobody is there');
\o
\set heard `grep -c flixim_events :'notes'`
SELECT is(:heard, 0, 'no daemon: nobody is notified');

\o :notes
SELECT flixim.listener_idle(t.u(900), '1 hour');
CALL t.say(1, 2, 'somebody sleeps');
\o
\set heard `grep -c flixim_events :'notes'`
SELECT is(:heard, 1, 'one that sleeps is woken');

\o :notes
SELECT t.read(2, 'somebody sleeps');
SELECT t.withdraw(1, 'somebody sleeps');
SELECT t.delete(1, 'somebody sleeps');
\o
\set heard `grep -c flixim_events :'notes'`
SELECT is(:heard, 3, 'by every change');

SELECT t.verdict(t.send(1, 2, client_id => t.u(700))) AS given \gset
\o :notes
SELECT t.read(2, 'somebody sleeps');
SELECT t.withdraw(2, 'somebody sleeps');
SELECT t.delete(1, 'somebody sleeps');
SELECT t.status(2, 'somebody sleeps');
SELECT t.verdict(t.send(1, 2, client_id => t.u(700))) AS given \gset
SELECT t.verdict(t.send(1, 1)) AS given \gset
SELECT flixim.update_conversation(t.caller(1), t.private(1, 2), true);
\o
\set heard `grep -c flixim_events :'notes'`
SELECT is(:heard, 0, 'not by what changes nothing for anybody');

\o :notes
SELECT flixim.listener_busy(t.u(900));
CALL t.say(1, 2, 'all are busy');
\o
\set heard `grep -c flixim_events :'notes'`
SELECT is(:heard, 0, 'one that is busy is not woken');

\o :notes
SELECT flixim.listener_idle(t.u(900), '-1 second');
CALL t.say(1, 2, 'the lease is over');
\o
\set heard `grep -c flixim_events :'notes'`
SELECT is(:heard, 0, 'nor one whose lease is over: it is dead');

\o :notes
SELECT flixim.listener_idle(t.u(900), '1 hour');
SELECT flixim.listener_idle(t.u(901), '1 hour');
SELECT flixim.listener_busy(t.u(901));
CALL t.say(1, 2, 'one of two sleeps');
\o
\set heard `grep -c flixim_events :'notes'`
SELECT is(:heard, 1, 'one of several is enough, and wakes once');
\set notes `rm -f -- :'notes'`

-- The leases themselves.
RESET ROLE;
SELECT is(count(*), 2::bigint, 'each daemon has one row, however often it sleeps') FROM flixim.listeners;
INSERT INTO flixim.listeners VALUES (t.u(902), now() - interval '25 hours'), (t.u(903), now() - interval '23 hours');
SET ROLE flixim_app;
SELECT flixim.listener_busy(t.u(901)) AS given \gset
RESET ROLE;
SELECT results_eq('SELECT t.n(l.listener_id) FROM flixim.listeners AS l ORDER BY 1', 'VALUES (900), (901), (903)',
    'rows of daemons that are dead for a day go');
BEGIN;
SELECT flixim.listener_idle(t.u(900), '1 hour') AS given \gset
SELECT current_setting('synchronous_commit') AS commits \gset
COMMIT;
SELECT is(:'commits'::text, 'off', 'falling asleep does not wait for the disk');
BEGIN;
SELECT flixim.listener_busy(t.u(900)) AS given \gset
SELECT current_setting('synchronous_commit') AS commits \gset
COMMIT;
SELECT is(:'commits'::text, 'off', 'nor does waking');
SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
