# SPDX-License-Identifier: Apache-2.0
# A month of messages put straight into the tables, consistent with every invariant: one hard user's among everybody's.
package Model::History;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

our @EXPORT_OK = qw(load_history peer_id);

=head1 THE HARD USER

Of C<total> messages of a month every one in C<total / own> is the hard user's, the n-th of them so:

    kind     notification where n % 20 = 0, interaction where n % 10 = 5, else private; three announcements in all
    where    half in one conversation, with peer 0; the rest in C<conversations> others
    status   unread the first and the last forty; sixty withdrawn in the middle, sixty deleted after a quarter; else read.
             Every third private message is the user's own.

All others' messages are unread. A change of status comes one millisecond after the message, so sync finds two events of most.

=cut

sub peer_id {
    my ($number) = @_;
    return sprintf '00000000-0000-4000-8000-%012d', $number;
}

# The partitions of the past month, which have no reason to be there in a new database.
my $make_partitions = <<'SQL';
DO $do$
DECLARE
    day date;
BEGIN
    FOR day IN SELECT generate_series(current_date - 30, current_date - 2, interval '1 day') LOOP
        EXECUTE format('CREATE TABLE flixim.%I PARTITION OF flixim.events FOR VALUES FROM (%L) TO (%L)',
            'events_' || to_char(day, 'YYYYMMDD'), day::timestamptz, (day + 1)::timestamptz);
    END LOOP;
END
$do$
SQL

my @helpers = (
    q{CREATE FUNCTION pg_temp.is_late(flixim.message_status) RETURNS boolean LANGUAGE sql IMMUTABLE
        RETURN $1 NOT IN ('sent', 'unread')},
    q{CREATE FUNCTION pg_temp.peer_id(bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
        RETURN ('00000000-0000-4000-8000-' || lpad($1::text, 12, '0'))::uuid},
);

# One row per message: who to whom, where, when, and what its sender and its receiver see of it.
my $plan = <<'SQL';
CREATE TEMPORARY TABLE loaded AS
SELECT flixim.uuid_v7(x.at) AS id, x.*,
    CASE x.type
        WHEN 'private_message' THEN 'private:' || least(x.sender, x.receiver) || ':' || greatest(x.sender, x.receiver)
        WHEN 'interaction' THEN 'interaction:' || x.receiver
        WHEN 'system_notification' THEN 'system:notification:' || x.receiver
        ELSE 'system:announcement:' || x.receiver
    END AS conversation_id,
    CASE
        WHEN x.fate = 'withdrawn' THEN 'withdrawn'
        WHEN x.fate = 'deleted' AND x.sender = x.hard_user THEN 'deleted'
        WHEN x.fate IN ('read', 'deleted') AND x.type = 'private_message' THEN 'read'
        ELSE 'sent'
    END::flixim.message_status AS senders,
    CASE
        WHEN x.fate = 'deleted' AND x.sender = x.hard_user THEN 'read'
        ELSE x.fate
    END::flixim.message_status AS receivers
FROM (
    SELECT
        y.at,
        y.hard_user,
        CASE WHEN y.is_own THEN y.hard_user ELSE y.peer END AS sender,
        CASE
            WHEN y.n IS NULL THEN pg_temp.peer_id((y.i * 7 + 1) % 200 + 500)
            WHEN y.is_own THEN y.peer
            ELSE y.hard_user
        END AS receiver,
        y.type,
        CASE
            WHEN y.n IS NULL OR y.n <= 40 OR y.n > y.own - 40 THEN 'unread'
            WHEN y.n BETWEEN y.own / 2 AND y.own / 2 + 59 THEN 'withdrawn'
            WHEN y.n BETWEEN y.own / 4 AND y.own / 4 + 59 THEN 'deleted'
            ELSE 'read'
        END AS fate
    FROM (
        SELECT z.*, z.n % 3 = 0 AND z.type = 'private_message' AS is_own,
            pg_temp.peer_id(CASE
                WHEN z.n IS NULL THEN z.i * 7 % 200 + 500
                WHEN z.n % 2 = 1 THEN 0
                ELSE z.n / 2 % z.conversations + 1000
            END) AS peer
        FROM (
            SELECT w.*,
                CASE
                    WHEN w.n IN (3, w.own / 2 + 100, w.own - 3) THEN 'system_announcement'
                    WHEN w.n % 20 = 0 THEN 'system_notification'
                    WHEN w.n % 10 = 5 THEN 'interaction'
                    ELSE 'private_message'
                END::flixim.message_type AS type
            FROM (
                SELECT i, p.*, CASE WHEN i % (p.total / p.own) = 0 THEN i / (p.total / p.own) END AS n,
                    date_trunc('milliseconds', now() - interval '29 days' + i * (interval '28 days' / p.total)) AS at
                FROM (SELECT ?::bigint AS total, ?::bigint AS own, ?::bigint AS conversations, ?::uuid AS hard_user) AS p,
                    generate_series(1, p.total) AS i
            ) AS w
        ) AS z
    ) AS y
) AS x
SQL

my @loads = (
    'INSERT INTO flixim.users (user_id)
        SELECT sender FROM loaded UNION SELECT receiver FROM loaded ON CONFLICT DO NOTHING',
    q{INSERT INTO flixim.conversations (id, conversation_id, type, inserted_at, last_message_at)
        SELECT flixim.uuid_v7(min(at)), conversation_id,
            CASE WHEN type = 'private_message' THEN 'private' ELSE 'system' END::flixim.conversation_type, min(at), max(at)
        FROM loaded GROUP BY conversation_id, type ON CONFLICT DO NOTHING},
    q{INSERT INTO flixim.members (conversation, user_id, id, recent_at, inserted_at, updated_at)
        SELECT c.id, m.user_id, flixim.uuid_v7(c.inserted_at), c.last_message_at, c.inserted_at, c.inserted_at
        FROM flixim.conversations AS c
        JOIN (
            SELECT conversation_id, receiver AS user_id FROM loaded
            UNION
            SELECT conversation_id, sender FROM loaded WHERE type = 'private_message'
        ) AS m ON m.conversation_id = c.conversation_id
        ON CONFLICT DO NOTHING},
    q{INSERT INTO flixim.messages (id, conversation, sender_id, receiver_id, client_message_id, message_type, content_type,
            server_timestamp, inserted_at, withdrawn_at, request_digest, content)
        SELECT l.id, c.id, l.sender, l.receiver, l.id, l.type, 'text', l.at, l.at,
            CASE WHEN l.fate = 'withdrawn' THEN l.at END, '\x00',
            CASE WHEN l.fate = 'withdrawn' THEN '{}' ELSE '{"text":"x"}' END::json
        FROM loaded AS l JOIN flixim.conversations AS c ON c.conversation_id = l.conversation_id ORDER BY l.id},
    q{INSERT INTO flixim.user_messages (user_id, message_id, conversation, message_type, status, changed_at)
        SELECT v.user_id, v.id, c.id, v.type, v.status, v.at + pg_temp.is_late(v.status)::integer * interval '1 ms'
        FROM (
            SELECT sender AS user_id, senders AS status, * FROM loaded
            UNION ALL
            SELECT receiver, receivers, * FROM loaded
        ) AS v
        JOIN flixim.conversations AS c ON c.conversation_id = v.conversation_id
        ORDER BY v.id},
    q{INSERT INTO flixim.events (target_user_id, stamp, id, event_type, status, message_id)
        SELECT e.user_id, e.at, flixim.uuid_v7(e.at), 'new_message', NULL, e.id
        FROM (SELECT sender AS user_id, * FROM loaded UNION ALL SELECT receiver, * FROM loaded) AS e
        UNION ALL
        SELECT e.user_id, e.at + interval '1 ms', flixim.uuid_v7(e.at + interval '1 ms'),
            CASE e.status WHEN 'withdrawn' THEN 'message_recalled' ELSE 'message_status_update' END::flixim.event_type,
            e.status, e.id
        FROM (SELECT sender AS user_id, senders AS status, * FROM loaded UNION ALL SELECT receiver, receivers, * FROM loaded) AS e
        WHERE pg_temp.is_late(e.status)},
    q{UPDATE flixim.members AS m SET unread_count = m.unread_count + x.unread
        FROM (
            SELECT c.id, l.receiver, count(*) AS unread
            FROM loaded AS l JOIN flixim.conversations AS c ON c.conversation_id = l.conversation_id
            WHERE l.receivers = 'unread' GROUP BY c.id, l.receiver
        ) AS x
        WHERE m.conversation = x.id AND m.user_id = x.receiver},
    q{UPDATE flixim.users AS u
        SET last_event_at = greatest(u.last_event_at, x.newest + interval '1 ms'),
            unread_system_notification = unread_system_notification + x.n,
            unread_system_announcement = unread_system_announcement + x.a,
            unread_interaction = unread_interaction + x.i,
            unread_private_message = unread_private_message + x.p
        FROM (
            SELECT e.user_id, max(e.at) AS newest,
                count(*) FILTER (WHERE e.is_unread AND e.type = 'system_notification') AS n,
                count(*) FILTER (WHERE e.is_unread AND e.type = 'system_announcement') AS a,
                count(*) FILTER (WHERE e.is_unread AND e.type = 'interaction') AS i,
                count(*) FILTER (WHERE e.is_unread AND e.type = 'private_message') AS p
            FROM (
                SELECT sender AS user_id, at, type, false AS is_unread FROM loaded
                UNION ALL
                SELECT receiver, at, type, receivers = 'unread' FROM loaded
            ) AS e
            GROUP BY e.user_id
        ) AS x
        WHERE u.user_id = x.user_id},
    'DROP TABLE loaded',
);

# Loads total messages, own of them the hard user's, in a session of a superuser.
sub load_history {
    my ($dbh, %option) = @_;
    $dbh->do("SET TIME ZONE 'UTC'");
    $dbh->do('SET jit = off');
    $dbh->do('SET ROLE flixim_owner');
    $dbh->do($make_partitions);
    $dbh->do($_) for @helpers;
    $dbh->do($plan, undef, @option{qw(total own conversations hard_user)});
    $dbh->do($_) for @loads;
    $dbh->do('RESET ROLE');
    return;
}

1;
