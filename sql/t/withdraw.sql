-- SPDX-License-Identifier: Apache-2.0
-- Withdrawing: by the sender, within the window, once and for all; what then is left, and who may not.

\ir lib/begin.sql

CALL t.say(1, 2, 'hello');
SELECT is(t.withdraw(2, 'hello'), 'forbidden', 'the receiver may not: it is not theirs to do');
SELECT is(t.withdraw(3, 'hello'), 'message_not_found', 'for a stranger there is no such message');
SELECT is(t.withdraw(3, 'none'), 'message_not_found', 'as where there is none');
SELECT is(t.withdraw(1, 'hello'), 'withdrawn', 'the sender may');
SELECT is(t.withdraw(1, 'hello'), 'withdrawn', 'again: the same answer');
SELECT is(t.withdraw(2, 'hello'), 'forbidden', 'the receiver still may not');
SELECT is(t.seen('hello'), '1 withdrawn, 2 withdrawn', 'it is withdrawn for both');
SELECT is(t.unread(2), '{0,0,0,0,0}', 'and no longer unread');
SELECT is(t.unread_in(2, t.private(1, 2)), 0, 'in its conversation neither');
SELECT is(t.read(2, 'hello'), 'withdrawn', 'reading does not revive it');
SELECT is(t.withdraw(1, 'hello'), 'withdrawn', 'nor does anything else');

SELECT results_eq(
    $$SELECT w.outcome::text, w.id, w.content::text, w.status::text, w.updated_at = t.clock(1)
        FROM flixim.withdraw_message(t.caller(1), t.m('hello')) AS w$$,
    $$VALUES ('ok', t.m('hello'), '{}', 'withdrawn', true)$$,
    'the answer is the message as it is now');

CALL t.say(1, 2, 'read');
CALL t.must(t.read(2, 'read'), 'read');
SELECT is(t.withdraw(1, 'read'), 'withdrawn', 'what was read can be withdrawn');
SELECT is(t.unread(2), '{0,0,0,0,0}', 'which lowers no counter');

-- Who deleted it.
CALL t.say(1, 2, 'deleted by receiver');
CALL t.must(t.delete(2, 'deleted by receiver'), 'ok');
SELECT is(t.withdraw(1, 'deleted by receiver'), 'withdrawn', 'what the receiver deleted can be withdrawn');
SELECT is(t.seen('deleted by receiver'), '1 withdrawn, 2 deleted', 'and stays deleted for the receiver');
CALL t.say(1, 2, 'deleted by sender');
CALL t.must(t.delete(1, 'deleted by sender'), 'ok');
SELECT is(t.withdraw(1, 'deleted by sender'), 'message_not_found', 'what the sender deleted is gone for the sender');
SELECT is(t.seen('deleted by sender'), '1 deleted, 2 unread', 'and stays with the receiver');

-- The window, by the clock of the database.
CALL t.say(1, 2, 'in time');
CALL t.age('in time', '119.9 seconds');
SELECT is(t.withdraw(1, 'in time'), 'withdrawn', 'after 119.9 s it still goes');
CALL t.say(1, 2, 'late');
CALL t.age('late', '120.1 seconds');
SELECT is(t.withdraw(1, 'late'), 'withdraw_window_closed', 'after 120.1 s it is too late');
SELECT is(t.seen('late'), '1 sent, 2 unread', 'and the message stays');
SELECT is(t.withdraw(2, 'late'), 'forbidden', 'whoever may not never learns of the window');
CALL t.age('in time', '1 hour');
SELECT is(t.withdraw(1, 'in time'), 'withdrawn', 'what is withdrawn is so for ever');

RESET ROLE;
SELECT is((flixim.configure(p_withdraw_window => '1 hour')).withdraw_window, '1 hour', 'the window is configurable');
SET LOCAL ROLE flixim_app;
CALL t.age('late', '59.9 minutes');
SELECT is(t.withdraw(1, 'late'), 'withdrawn', 'a longer one counts at once');
RESET ROLE;
CALL t.must((flixim.configure(p_withdraw_window => '0')).withdraw_window::text, '00:00:00');
SET LOCAL ROLE flixim_app;
CALL t.say(1, 2, 'never');
CALL t.age('never', '1 millisecond');
SELECT is(t.withdraw(1, 'never'), 'withdraw_window_closed', 'none at all forbids it');

\ir lib/end.sql
