# SPDX-License-Identifier: Apache-2.0
# What the REST benchmarks have in common: data, the floor, httpd, the peer, rounds in turn, and the report.
package FlixIM::Bench;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Temp     ();
use HTTP::Tiny     ();
use IO::Socket::INET ();
use JSON::PP       ();
use Time::HiRes    qw(sleep time);

use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;

=head1 SYNOPSIS

    FlixIM::Bench::run(
        name     => 'rest-get',
        target   => 0.6,                    # of the floor
        floor    => 'SELECT ... WHERE b.n = :n',    # a row of bench.call, with the answer's columns for {columns}
        requests => sub { my ($call) = @_; return ['GET', $path] },    # of a row of bench.call: method, path, body
    );

The configurations take turns within a round, so that a noisy moment of the machine meets all of them; each figure is the median of
the rounds. All of it shares two cores: database, server, and the client that makes the load.

Connections: 10 each. All three wait for an answer before they ask again, so in each of them up to 10 calls are in the database at a
time: what differs is what a call costs on its way. Tokens are opaque ones, which the function looks up.

The floor is pgbench -M prepared with the same function and arguments: one round trip over the Unix socket, the answer's columns as text,
fetched but not looked at; no HTTP, no JSON of the answer. Its arguments are picked by a lookup in the same statement, whose cost, measured
in the same round, is taken off: the floor is that of a client that has them at hand.

Environment: BENCH_SECONDS, BENCH_ROUNDS, BENCH_MESSAGES; BENCH_PARTS: which of floor, fastify, httpd to run.

=cut

my $root        = abs_path(dirname(__FILE__) . '/../../..');
our $connections = 10;
our $users       = 10_000;
our $breaks      = 0;    # connections that may break in one run of wrk
my $seconds     = $ENV{BENCH_SECONDS}  // 5;
my $rounds      = $ENV{BENCH_ROUNDS}   // 5;
my $messages    = $ENV{BENCH_MESSAGES} // 300_000;
my %wanted      = map { $_ => 1 } split ' ', $ENV{BENCH_PARTS} // 'floor fastify httpd';
my @pools       = (2, 3, 5, 8, 16);

# The columns of an answer.
my $columns = join ', ', map {"a.$_"} qw(outcome field rule id client_message_id conversation_id sender_id receiver_id content
    content_type message_type status reference_id server_timestamp client_timestamp inserted_at updated_at);

my ($cluster, $scratch, $fastify);

sub run {
    my (%bench) = @_;
    $| = 1;    ## no critic (RequireLocalizedPunctuationVars)
    prepare($bench{requests});

    my %result = (unit => 'calls/s', seconds => $seconds, rounds => $rounds, connections => $connections, target => $bench{target});
    my %part;    # name => what to do for some seconds; returns calls per second and more
    if ($wanted{floor}) {
        $part{floor} = sub { return floor($bench{floor}, $_[0]) };
    }
    if ($wanted{fastify}) {
        install_fastify();
        $result{pool} = sweep();
        start_fastify($result{pool}{best});
        $part{fastify} = sub { return wrk($fastify->{port}, $_[0], $fastify->{pid}) };
    }
    if ($wanted{httpd}) {
        my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster);
        $part{httpd} = sub { return wrk($httpd->port, $_[0], $httpd->pid) };
        same_answer($httpd->port, $fastify->{port}) if $wanted{fastify};
    }
    $part{$_}->($seconds) for sort keys %part;    # warm: Node compiles what is hot
    my %round;
    for my $number (1 .. $rounds) {
        for my $name (sort { ($a cmp $b) * ($number % 2 ? 1 : -1) } keys %part) {
            my $got = $part{$name}->($seconds);
            push @{ $round{$name}{$_} }, $got->{$_} for keys %{$got};
            print '.';
        }
    }
    print "\n";
    for my $name (keys %round) {
        $result{$name} = { map { ($_ => median(@{ $round{$name}{$_} })) } keys %{ $round{$name} } };
    }
    stop_fastify();
    report(\%result);
    print JSON::PP->new->canonical->encode({ bench => $bench{name}, %result }), "\n";
    return;
}

# A database with data, whose cluster it returns, and a file with requests.
sub prepare {
    my ($requests) = @_;
    $cluster = FlixIM::Test::Cluster->start(
        fsync    => 1,
        settings => { shared_buffers => '2GB', max_wal_size => '8GB', checkpoint_timeout => '30min', wal_compression => 'lz4' },
    );
    $scratch = File::Temp::tempdir('flixim-bench-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    fill();
    write_requests($requests);
    return $cluster;
}

# -- Data ---------------------------------------------------------------------------------------------

# Each user talks to the next. In bench.call, for each user: the token, its digest, one of the user's messages, and whom to write to.
sub fill {
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
    return;
}

sub write_requests {
    my ($make) = @_;
    open my $file, '>', "$scratch/requests" or die "requests: $!";
    for my $line (split /\n/, $cluster->psql('SELECT token, user_id, receiver_id, message_id FROM bench.call')) {
        my %call;
        @call{qw(token user_id receiver_id message_id)} = split /\|/, $line;
        my ($method, $path, $body) = @{ $make->(\%call) };
        print {$file} join("\t", $method, $path, $call{token}, $body // ()), "\n";
    }
    close $file or die "requests: $!";
    return;
}

# -- The floor ----------------------------------------------------------------------------------------

sub floor {    ## no critic (ProhibitBuiltinHomonyms)
    my ($sql, $for) = @_;
    $sql =~ s/\{columns\}/$columns/;
    my $before = cpu();
    my ($calls, $time) = pgbench($sql, $for);
    my $used = used($before, $calls);
    my ($empty_calls, $empty_time) = pgbench('SELECT :n::integer', 1);
    my ($pick_calls, $pick_time) = pgbench('SELECT b.n FROM bench.call AS b WHERE b.n = :n', 1);
    my $picking = $pick_time / $pick_calls - $empty_time / $empty_calls;
    $picking = 0 if $picking < 0;
    return {
        rate => 1 / ($time / $calls - $picking), uncorrected => $calls / $time, picking_us => 1e6 * $picking,
        p50_ms => 1000 * $connections * $time / $calls, %{$used},
    };
}

sub pgbench {
    my ($sql, $for) = @_;
    my $path = "$scratch/floor.sql";
    open my $file, '>', $path or die "$path: $!";
    $sql =~ s/\s+/ /g;
    print {$file} "\\set n random(1, $users)\n$sql;\n" or die "$path: $!";
    close $file or die "$path: $!";
    my ($status, $text) = FlixIM::Test::Cluster::capture_all(qw(pgbench -n -M prepared -j 2 -U flixim_httpd -c), $connections, '-T', $for, '-f', $path);
    my ($tps)   = $text =~ /^tps = ([\d.]+)/m;
    my ($calls) = $text =~ /transactions actually processed: (\d+)/;
    die "pgbench failed:\n$text" if $status || !$calls || $text =~ /aborted|failed transactions: [1-9]/;
    return ($calls, $calls / $tps);
}

# -- Load over HTTP -----------------------------------------------------------------------------------

sub wrk {
    my ($port, $for, $server) = @_;
    my $before = cpu($server);
    my ($status, $text) = FlixIM::Test::Cluster::capture_all('wrk', '-t', 2, '-c', $connections, '-d', "${for}s",
        '-s', "$root/bench/wrk/requests.lua", "http://127.0.0.1:$port", '--', "$scratch/requests");
    my ($calls, $us, $broken, $refused, $p50, $p99) = $text =~ /^figures (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m;
    die "wrk failed:\n$text" if $status || !$calls;
    die "$refused of $calls requests were refused, $broken connections broke:\n$text" if $refused || $broken > $breaks;
    return { rate => 1e6 * $calls / $us, p50_ms => $p50 / 1000, p99_ms => $p99 / 1000, %{ used($before, $calls, $server) } };
}

# The answer to the first of the requests, without its Date; dies unless it is a success.
sub answer {
    my ($port) = @_;
    open my $file, '<', "$scratch/requests" or die "requests: $!";
    chomp(my $line = <$file>);
    my ($method, $path, $token, $body) = split /\t/, $line;
    my %option = (headers => { Authorization => "Bearer $token" });
    if (defined $body) {
        $body =~ s/CLIENT_ID/00000000-0000-4000-8000-000000000001/;
        $option{content} = $body;
        $option{headers}{'Content-Type'} = 'application/json';
    }
    my $answer = HTTP::Tiny->new->request($method, "http://127.0.0.1:$port$path", \%option);
    die "$method $path: $answer->{status} $answer->{content}" if !$answer->{success};
    return JSON::PP->new->canonical->encode(JSON::PP->new->decode($answer->{content}));
}

# Both servers say the same: the second POST is a retry of the first.
sub same_answer {
    my ($one, $other) = @_;
    my ($first, $second) = (answer($one), answer($other));
    die "the answers differ:\n$first\n$second\n" if $first ne $second;
    return;
}

# -- Fastify ------------------------------------------------------------------------------------------

# The packages of the lock file, in a copy: nothing is installed in the tree.
sub install_fastify {
    mkdir "$scratch/fastify" or die "fastify: $!";
    for my $name (qw(package.json package-lock.json .npmrc server.js)) {
        copy("$root/bench/fastify/$name", "$scratch/fastify/$name") or die "$name: $!";
    }
    my ($status, $text) = FlixIM::Test::Cluster::capture_all('npm', '--prefix', "$scratch/fastify", '--cache', "$scratch/npm", 'ci');
    die "npm ci failed:\n$text" if $status;
    return;
}

# The size of the pool of each worker with which it is fastest, of two passes the better; prints what each gave.
sub sweep {
    my %rate;
    for my $size (@pools, @pools) {
        start_fastify($size);
        wrk($fastify->{port}, 1);
        my $got = int wrk($fastify->{port}, 2)->{rate};
        $rate{$size} = $got if $got > ($rate{$size} // 0);
        stop_fastify();
    }
    print "Fastify, pool of $_ per worker: $rate{$_}/s\n" for @pools;
    my ($best) = sort { $rate{$b} <=> $rate{$a} } keys %rate;
    return { best => $best + 0, sweep => \%rate };
}

sub start_fastify {
    my ($size) = @_;
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "no free port: $!";
    my $port = $socket->sockport;
    close $socket or die "socket: $!";
    pipe my $read, my $write or die "pipe: $!";
    my $log = "$scratch/fastify.log";
    unlink $log;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        @ENV{qw(PORT POOL PGUSER NODE_ENV)} = ($port, $size, 'flixim_httpd', 'production');
        close $write;
        open STDIN,  '<&', $read    or die "stdin: $!";
        open STDOUT, '>',  $log     or die "$log: $!";
        open STDERR, '>&', \*STDOUT or die "stderr: $!";
        exec { 'node' } 'node', "$scratch/fastify/server.js" or die "node: $!";
    }
    close $read;
    $fastify = { pid => $pid, port => $port, stdin => $write };
    for (1 .. 200) {
        return if -s $log;
        sleep 0.05;
    }
    die 'Fastify did not start: ' . slurp($log);
}

# It ends when its standard input does.
sub stop_fastify {
    return if !$fastify;
    close $fastify->{stdin};
    waitpid $fastify->{pid}, 0;
    $fastify = undef;
    return;
}

# -- Processor time -----------------------------------------------------------------------------------

# Seconds used so far, by the database, by a server, and by the children of ours that have ended: the makers of the load.
sub cpu {
    my ($server) = @_;
    my @times = times;
    my ($all) = slurp('/proc/stat') =~ /^cpu +([\d ]+)/;
    # user, nice, system, irq, softirq, steal: what is neither idle nor waiting.
    my @all = split ' ', $all;
    return {
        db  => family_seconds($cluster->pid), server => $server ? family_seconds($server) : 0, client => $times[2] + $times[3],
        all => ($all[0] + $all[1] + $all[2] + $all[5] + $all[6] + $all[7]) / 100, wall => time,
    };
}

# Microseconds per call since then, and how many processors all others used meanwhile. (Of pgbench and wrk this counts all of it, also their start: wrk takes some
# 0.1 s to read its requests.)
sub used {
    my ($before, $calls, $server) = @_;
    my $now = cpu($server);
    my %spent = map { ($_ => $now->{$_} - $before->{$_}) } keys %{$now};
    return {
        others => ($spent{all} - $spent{db} - $spent{server} - $spent{client}) / $spent{wall},
        map { ("cpu_${_}_us" => 1e6 * $spent{$_} / $calls) } qw(db server client),
    };
}

# A process, its children that live, and its children that have ended.
sub family_seconds {
    my ($pid) = @_;
    my $ticks = 0;
    for my $stat (glob '/proc/[0-9]*/stat') {
        my ($id, $parent, @time) = slurp($stat) =~ /^(\d+) \(.*\) \S (\d+)(?: \S+){9} (\d+) (\d+) (\d+) (\d+)/ or next;
        $ticks += $time[0] + $time[1] if $id == $pid || $parent == $pid;
        $ticks += $time[2] + $time[3] if $id == $pid;
    }
    return $ticks / 100;
}

# -- Report -------------------------------------------------------------------------------------------

sub report {
    my ($result) = @_;
    printf "%d connections, medians of %d rounds of %d s\n", $connections, $rounds, $seconds;
    printf "%-10s %9s %9s %9s   %s\n", '', 'calls/s', 'p50 ms', 'p99 ms', 'processor us per call: database, server, client';
    for my $name (grep { $result->{$_} } qw(floor httpd fastify)) {
        my $r = $result->{$name};
        $_ = sprintf('%.3f', $_) + 0 for values %{$r};
        printf "%-10s %9.0f %9.2f %9s   %.0f, %.0f, %.0f\n", $name, @{$r}{qw(rate p50_ms)}, $r->{p99_ms} // '', map { $r->{"cpu_${_}_us"} } qw(db server client);
    }
    my ($most) = sort { $b <=> $a } map { $result->{$_}{others} } grep { $result->{$_} } qw(floor httpd fastify);
    printf "Other processes used up to %.2f processors meanwhile%s\n", $most,
        $most > 0.2 ? ': the machine was not ours, and the ratios are not to be believed' : '';
    if ($result->{floor}) {
        printf "floor: pgbench -M prepared, the rows fetched as text over the socket, no HTTP and no JSON; %.0f/s with the picking of arguments (%.1f us)\n",
            @{ $result->{floor} }{qw(uncorrected picking_us)};
    }
    for my $line (['httpd', 'floor', $result->{target}, 'httpd of the floor'], ['httpd', 'fastify', 1.5, 'httpd of Fastify'],
        ['fastify', 'floor', 0.2, 'Fastify of the floor (less, and it is no peer)']) {
        my ($one, $other, $target, $label) = @{$line};
        next if !$result->{$one} || !$result->{$other};
        my $ratio = $result->{$one}{rate} / $result->{$other}{rate};
        $result->{ratio}{"${one}_to_$other"} = sprintf('%.3f', $ratio) + 0;
        printf "%-48s %.2f (target %.2f: %s)\n", $label, $ratio, $target, $ratio >= $target ? 'reached' : 'missed';
    }
    return;
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return $sorted[ $#sorted / 2 ];
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/ = undef;
    return scalar <$file> // '';
}

END {
    my $status = $?;
    stop_fastify();
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
