# SPDX-License-Identifier: Apache-2.0
# The REST benchmarks: data, requests, the floor, httpd and its peer in turn, and the report.
package FlixIM::Bench::Rest;

use strict;
use warnings FATAL => 'all';

use File::Temp ();
use HTTP::Tiny ();
use JSON::PP   ();

use FlixIM::Bench            qw(median medians others_line ratio_line root rounds say_json spew);
use FlixIM::Bench::Database;
use FlixIM::Bench::Fastify;
use FlixIM::Bench::Floor     qw(floor floor_line);
use FlixIM::Bench::Processor qw(cpu used);
use FlixIM::Bench::Server;
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;

=head1 SYNOPSIS

    FlixIM::Bench::Rest::run(
        name     => 'rest-get',
        target   => 0.6,                    # of the floor
        peer     => 1.5,                    # of Fastify
        sends    => 1,                      # the requests are messages: those of one child of httpd that meet share a transaction
        floor    => 'SELECT ... WHERE b.n = :n',    # a row of bench.call, with the answer's columns for {columns}
        requests => sub { my ($call) = @_; return ['GET', $path] },    # of a row of bench.call: method, path, body
    );

All of it shares two cores: database, server, and the client that makes the load.

Connections: 10 each. All three wait for an answer before they ask again, so in each of them up to 10 calls are in the database at a
time: what differs is what a call costs on its way. Tokens are opaque ones, which the function looks up.

The floor is pgbench -M prepared with the same function and arguments: one round trip over the Unix socket, the answer's columns as text,
fetched but not looked at; no HTTP, no JSON of the answer. Its arguments are picked by a lookup in the same statement, whose cost, measured
in the same round, is taken off: the floor is that of a client that has them at hand.

Environment: BENCH_SECONDS, BENCH_ROUNDS, BENCH_MESSAGES; BENCH_PARTS: which of floor, fastify, httpd to run.

=cut

our $connections = 10;
our $breaks      = 0;    # connections that may break in one run of wrk
my @pools        = (2, 3, 5, 8, 16);

# The columns of an answer.
my $columns = join ', ', map {"a.$_"} qw(outcome field rule id client_message_id conversation_id sender_id receiver_id content
    content_type message_type status reference_id server_timestamp client_timestamp inserted_at updated_at);

my ($cluster, $scratch);

sub run {
    my (%bench) = @_;
    $| = 1;    ## no critic (RequireLocalizedPunctuationVars)
    prepare($bench{requests});

    my %result = (unit => 'calls/s', seconds => $FlixIM::Bench::seconds, rounds => $FlixIM::Bench::rounds, connections => $connections, target => $bench{target}, peer => $bench{peer});
    my %part;    # name => what to do for some seconds; returns calls per second and more
    my ($fastify, $httpd);
    if (FlixIM::Bench::wants('floor')) {
        $part{floor} = sub { return the_floor($bench{floor}, $_[0]) };
    }
    if (FlixIM::Bench::wants('fastify')) {
        $result{pool} = sweep();
        $fastify = FlixIM::Bench::Fastify->start(pool => $result{pool}{best});
        $part{fastify} = sub { return wrk($fastify->port, $_[0], $fastify->parents) };
    }
    if (FlixIM::Bench::wants('httpd')) {
        # As the manual has it: one child, as long as that has threads to spare.
        $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, extra => "StartServers 1\n");
        my $load = sub { return wrk($httpd->port, $_[0], $httpd->pid) };
        $part{httpd} = $bench{sends} ? sub { return with_transactions($load, $_[0]) } : $load;
    }
    same_answer($httpd->port, $fastify->port) if $httpd && $fastify;
    %result = (%result, %{ medians(rounds(\%part)) });    # Node compiles what is hot while it is warmed
    $fastify->stop if $fastify;
    report(\%result);
    say_json($bench{name}, \%result);
    return;
}

# A database with data, whose cluster it returns, and a file with requests.
sub prepare {
    my ($requests) = @_;
    $cluster = FlixIM::Bench::Database::start();
    $scratch = File::Temp->newdir('flixim-bench-XXXXXX', TMPDIR => 1);
    FlixIM::Bench::Database::fill($cluster);
    write_requests($requests);
    return $cluster;
}

sub write_requests {
    my ($make) = @_;
    my @lines;
    for my $line (split /\n/, $cluster->psql('SELECT token, user_id, receiver_id, message_id FROM bench.call')) {
        my %call;
        @call{qw(token user_id receiver_id message_id)} = split /\|/, $line;
        my ($method, $path, $body) = @{ $make->(\%call) };
        push @lines, join("\t", $method, $path, $call{token}, $body // ()) . "\n";
    }
    spew("$scratch/requests", @lines);
    return;
}

# -- The floor ----------------------------------------------------------------------------------------

sub the_floor {
    my ($sql, $for) = @_;
    $sql =~ s/\{columns\}/$columns/;
    return floor($cluster, $sql, $for, connections => $connections, numbers => $FlixIM::Bench::Database::users);
}

# -- Load over HTTP -----------------------------------------------------------------------------------

sub wrk {
    my ($port, $for, @server) = @_;
    my $before = cpu($cluster, @server);
    my ($status, $text) = FlixIM::Test::Cluster::capture_all('wrk', '-t', 2, '-c', $connections, '-d', "${for}s",
        '-s', root() . '/bench/wrk/requests.lua', "http://127.0.0.1:$port", '--', "$scratch/requests");
    my ($calls, $us, $broken, $refused, $p50, $p99) = $text =~ /^figures (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m;
    die "wrk failed:\n$text" if $status || !$calls;
    die "$refused of $calls requests were refused, $broken connections broke:\n$text" if $refused || $broken > $breaks;
    return { rate => 1e6 * $calls / $us, p50_ms => $p50 / 1000, p99_ms => $p99 / 1000, %{ used($before, $calls) } };
}

# What LOAD returns, and how many messages it stored in a transaction.
sub with_transactions {
    my ($load, $for) = @_;
    my $newest = $cluster->psql('SELECT id FROM flixim.messages ORDER BY id DESC LIMIT 1');
    my $figures = $load->($for);
    $figures->{per_transaction} = $cluster->psql(
        q{SELECT round(count(*)::numeric / count(DISTINCT xmin::text), 2) FROM flixim.messages WHERE id > :'newest'}, vars => { newest => $newest });
    return $figures;
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

# The size of the pool of each worker with which Fastify is fastest.
sub sweep {
    return FlixIM::Bench::Server::sweep('Fastify', \@pools, sub {
        my ($size) = @_;
        my $fastify = FlixIM::Bench::Fastify->start(pool => $size);
        wrk($fastify->port, 1);
        my $rate = wrk($fastify->port, 2)->{rate};
        $fastify->stop;
        return $rate;
    });
}

# -- Report -------------------------------------------------------------------------------------------

sub report {
    my ($result) = @_;
    my @names = grep { $result->{$_} } qw(floor httpd fastify);
    printf "%d connections, medians of %d rounds of %d s\n", @{$result}{qw(connections rounds seconds)};
    printf "%-10s %9s %9s %9s   %s\n", '', 'calls/s', 'p50 ms', 'p99 ms', 'processor us per call: database, server, client';
    for my $name (@names) {
        my $r = $result->{$name};
        printf "%-10s %9.0f %9.2f %9s   %.0f, %.0f, %.0f\n", $name, @{$r}{qw(rate p50_ms)}, $r->{p99_ms} // '', map { $r->{"cpu_${_}_us"} } qw(db server client);
    }
    others_line(map { $result->{$_}{others} } @names);
    floor_line($result->{floor}) if $result->{floor};
    if ($result->{httpd} && $result->{httpd}{per_transaction}) {
        printf "httpd: what meets in a child shares a transaction, %.1f messages in each; the floor and Fastify have one for each message\n",
            $result->{httpd}{per_transaction};
    }
    for my $line (['httpd', 'floor', $result->{target}, 'httpd of the floor'], ['httpd', 'fastify', $result->{peer}, 'httpd of Fastify'],
        ['fastify', 'floor', 0.2, 'Fastify of the floor (less, and it is no peer)']) {
        my ($one, $other, $target, $label) = @{$line};
        next if !$result->{$one} || !$result->{$other};
        $result->{ratio}{"${one}_to_$other"} = ratio_line($label, $result->{$one}{rate}, $result->{$other}{rate}, $target);
    }
    return;
}

1;
