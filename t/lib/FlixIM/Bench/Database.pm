# SPDX-License-Identifier: Apache-2.0
# The databases of benchmarks: a cluster with settings for a machine that serves, users who have talked for a while, and their tokens.
package FlixIM::Bench::Database;

use strict;
use warnings FATAL => 'all';

use FlixIM::Test::Cluster;

=head1 SYNOPSIS

    my $cluster = FlixIM::Bench::Database::start();    # fsync and synchronous_commit are on
    FlixIM::Bench::Database::fill($cluster);           # schema bench: bench.call, bench.u(n)
    my @users  = FlixIM::Bench::Database::some($cluster, 1000);           # the first of them: { id, token }
    my @groups = FlixIM::Bench::Database::groups($cluster, 500, 4);       # of so many members each, the first users: [conversation, 1, 2, ...]

Of users and groups FlixIM::Test::Load makes the files that flixim-load reads. The groups are in bench.groups as well: number n of SIZE,
its conversation, and the digest of its first member's token.

Environment: BENCH_MESSAGES, how many messages there are before anything is measured. BENCH_STATEMENTS=1: at the end, where PostgreSQL's
time went since fill() was done, by pg_stat_statements; statements within functions count on their own, and in what calls them.

=cut

our $users   = 10_000;
my $messages = $ENV{BENCH_MESSAGES} // 300_000;

my $told;    # the cluster whose statements are told

sub start {
    my (%setting) = @_;
    if ($ENV{BENCH_STATEMENTS}) {
        %setting = (shared_preload_libraries => 'pg_stat_statements', 'pg_stat_statements.track' => 'all', %setting);
    }
    return FlixIM::Test::Cluster->start(
        fsync    => 1,
        settings => { shared_buffers => '2GB', max_wal_size => '8GB', checkpoint_timeout => '30min', wal_compression => 'lz4', %setting },
    );
}

# Each user talks to the next. In bench.call, for each user: the token, its digest, one of the user's messages, and whom to write to.
sub fill {
    my ($cluster) = @_;
    my $turns = int(($messages + $users - 1) / $users);
    $cluster->psql(<<~"SQL");
        CREATE SCHEMA bench;
        GRANT USAGE ON SCHEMA bench TO flixim_app;
        CREATE FUNCTION bench.u(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
            RETURN overlay(overlay(md5(n::text) PLACING '4' FROM 13) PLACING '8' FROM 17)::uuid;
        DO \$\$
        DECLARE
            first integer;
        BEGIN
            FOR turn IN 1..$turns LOOP
                FOR first IN SELECT generate_series(1, $users, 100) LOOP
                    PERFORM s.outcome
                    FROM (
                        SELECT array_agg(bench.u(n)) AS senders, array_agg(bench.u(n % $users + 1)) AS receivers
                        FROM generate_series(first, first + 99) AS n
                    ) AS a, (SELECT ARRAY[100] AS size) AS b, flixim.send_messages(a.senders, array_fill(now(), size),
                        array_fill(false, size), array_fill(NULL::uuid, size), array_fill(NULL::text, size), a.receivers,
                        array_fill('private_message'::flixim.message_type, size), array_fill('text'::flixim.content_type, size),
                        array_fill('{"text":"Hello, this is a test message of a usual length."}'::json, size),
                        array_fill(NULL::uuid, size), array_fill(NULL::timestamptz, size), array_fill(NULL::uuid, size)) AS s;
                END LOOP;
                COMMIT;
            END LOOP;
        END
        \$\$;
        CREATE TABLE bench.call AS
            SELECT n, 'flx_' || md5('a' || n) || md5('b' || n) AS token, bench.u(n) AS user_id, bench.u(n % $users + 1) AS receiver_id
            FROM generate_series(1, $users) AS n;
        ALTER TABLE bench.call ADD COLUMN digest bytea, ADD COLUMN message_id uuid;
        UPDATE bench.call AS c SET digest = sha256(convert_to(c.token, 'UTF8')), message_id = m.id
        FROM (SELECT DISTINCT ON (sender_id) sender_id, id FROM flixim.messages ORDER BY sender_id, random()) AS m
        WHERE m.sender_id = c.user_id;
        ALTER TABLE bench.call ADD PRIMARY KEY (n);
        INSERT INTO flixim.tokens (token_digest, user_id, expires_at) SELECT c.digest, c.user_id, 'infinity' FROM bench.call AS c;
        GRANT SELECT ON bench.call TO flixim_app;
        SQL
    $cluster->psql('VACUUM ANALYZE');
    $cluster->psql('CHECKPOINT');
    if ($ENV{BENCH_STATEMENTS}) {
        $cluster->psql('CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()');
        $told = $cluster;
    }
    return;
}

sub tell_statements {
    my ($cluster) = @_;
    my $lines = $cluster->psql(<<~'SQL');
        SELECT format('%9s %9s %9s  %s', calls, round(total_exec_time::numeric), round((1000 * total_exec_time / calls)::numeric, 1),
            left(regexp_replace(query, '\s+', ' ', 'g'), 150))
        FROM pg_stat_statements WHERE calls > 0 ORDER BY total_exec_time DESC LIMIT 25
        SQL
    printf "%9s %9s %9s  %s\n%s\n", 'calls', 'ms', 'us a call', 'statement', $lines;
    return;
}

sub some {
    my ($cluster, $count) = @_;
    my $lines = $cluster->psql("SELECT user_id, token FROM bench.call WHERE n <= $count ORDER BY n");
    return map { my ($id, $token) = split /\|/; { id => $id, token => $token } } split /\n/, $lines;
}

# No user is in two of them.
sub groups {
    my ($cluster, $size, $count) = @_;
    $cluster->psql(<<~"SQL");
        CREATE TABLE IF NOT EXISTS bench.groups (size integer, n integer, conversation_id text, digest bytea, PRIMARY KEY (size, n));
        GRANT SELECT ON bench.groups TO flixim_app;
        INSERT INTO bench.groups
        SELECT $size, made.n, (flixim.create_conversation(ROW(NULL, NULL, NULL, made.digests[1])::flixim.caller, made.ids, 'group')).conversation_id,
            made.digests[1]
        FROM (
            SELECT (c.n - 1) / $size + 1 AS n, array_agg(c.user_id ORDER BY c.n) AS ids, array_agg(c.digest ORDER BY c.n) AS digests
            FROM bench.call AS c
            WHERE c.n <= $size * $count
            GROUP BY 1
        ) AS made;
        ANALYZE flixim.members, flixim.conversations;
        SQL
    my @ids = split /\n/, $cluster->psql("SELECT conversation_id FROM bench.groups WHERE size = $size ORDER BY n");
    return map { [ $ids[$_], $_ * $size + 1 .. ($_ + 1) * $size ] } 0 .. $#ids;
}

END {
    my $status = $?;
    tell_statements($told) if $told;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
