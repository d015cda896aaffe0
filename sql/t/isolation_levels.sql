-- SPDX-License-Identifier: Apache-2.0
-- What writes needs READ COMMITTED and refuses other levels, since it reads after waiting; what only reads serves all of them.

\ir lib/helpers.sql
SELECT no_plan();
SET ROLE flixim_app;
CALL t.say(1, 2, 'hello');

-- Each statement is a transaction of its own, of the level that is the default then.
CREATE TEMP TABLE writing (request text);
INSERT INTO writing VALUES
    ('t.send(1, 2)'), ('t.send(3, 4)'), ('t.send(5, 6, wait => false)'), ('t.read(2, ''hello'')'), ('flixim.mark_read_batch(t.caller(2), ARRAY[t.m(''hello'')])'),
    ('t.withdraw(1, ''hello'')'), ('t.delete(2, ''hello'')'), ('flixim.create_conversation(t.caller(1), ARRAY[t.u(5)], ''private'')'),
    ('flixim.create_conversation(t.caller(1), ARRAY[t.u(2)], ''private'')'),
    ('flixim.update_conversation(t.caller(1), t.private(1, 2), true)'), ('flixim.begin_read_up_to(t.caller(2), t.private(1, 2), NULL)'),
    ('flixim.authenticate_each(ARRAY[t.u(70)], ARRAY[now()], ARRAY[false], ARRAY[NULL]::bytea[])'),
    ('flixim.read_chunk(t.caller(2), NULL, NULL, ''infinity'', NULL)'),
    ('flixim.beat(t.u(72), ''15 seconds'', ''1 minute'', NULL)'), ('flixim.collect_pushes()'),
    ('flixim.update_presence(t.u(72), ARRAY[t.u(1)], ARRAY[now()], ARRAY[now()])'), ('flixim.push_missed(ARRAY[t.u(1)], ARRAY[now()])'),
    ('flixim.claim_pushes(t.u(72), ''fcm'', 1, NULL, ''1 minute'')'), ('flixim.settle_pushes(t.u(72), ''{}'', ''{}'', ''{}'', ''{}'')'),
    ('flixim.end_daemon(t.u(72))'), ('flixim.add_device(t.caller(1), ''fcm'', ''x'')'), ('flixim.delete_device(t.caller(1), t.u(73))'),
    ('flixim.update_notification_settings(t.caller(1))'),
    ('flixim.send_to_each(t.caller(1, true), NULL, ARRAY[t.u(2)], ''system_notification'', ''text'', ''{"text":"x"}'', NULL, NULL)');
CREATE TEMP TABLE reading (request text);
INSERT INTO reading VALUES
    ('t.status(2, ''hello'')'), ('flixim.list_messages(t.caller(1))'), ('flixim.list_history(t.caller(1), t.private(1, 2))'),
    ('flixim.list_conversations(t.caller(1))'), ('flixim.sync_events(t.caller(1), NULL)'), ('flixim.sync_messages(t.caller(1), NULL)'),
    ('t.unread(2)'), ('flixim.check_token(t.caller(1))'), ('flixim.token_user(''x'')'),
    ('flixim.push_figures()'), ('flixim.list_devices(t.caller(1))'), ('flixim.get_notification_settings(t.caller(1))'),
    ('flixim.check_tokens(ARRAY[t.u(71)], ARRAY[now()], ARRAY[false], ARRAY[NULL]::bytea[])');

SET default_transaction_isolation = 'repeatable read';
SELECT throws_ok('SELECT ' || w.request, '0A000', 'flixim writes under READ COMMITTED only, this transaction is REPEATABLE READ',
    'refused: ' || w.request)
FROM writing AS w;
SELECT lives_ok('SELECT ' || r.request, 'under REPEATABLE READ: ' || r.request) FROM reading AS r;

SET default_transaction_isolation = 'serializable';
SELECT throws_ok('SELECT ' || w.request, '0A000', 'flixim writes under READ COMMITTED only, this transaction is SERIALIZABLE',
    'refused: ' || w.request)
FROM writing AS w;
SELECT lives_ok('SELECT ' || r.request, 'under SERIALIZABLE: ' || r.request) FROM reading AS r;

SET default_transaction_isolation = 'read committed';
SELECT lives_ok('SELECT ' || w.request, 'allowed: ' || w.request) FROM writing AS w;

RESET ROLE;
SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
