# SPDX-License-Identifier: Apache-2.0
# Writers, joins, syncs and faults at random: in the end each channel was pushed what its user's events say, each once, in order.
# FLIXIM_SECONDS: how long; FLIXIM_SEED: which of the runs.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Subscriber;
use File::Temp ();
use POSIX      ();
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{FLIXIM_SECONDS} // 25;
my $seed    = $ENV{FLIXIM_SEED}    // time ^ $$;
srand $seed;
diag "seed $seed";

my $users   = 6;
my $cluster = FlixIM::Test::Cluster->start(fsync => 1);
my $db      = FlixIM::Test::Subscriber->database($cluster);
my $daemon  = FlixIM::Test::Subscriber->start($cluster, '--hold-time=200ms', '--safety-poll=0', '--listener-lease=1s', '--database-timeout=2s');

# Writers end with the file that this one removes.
my $owner = $$;
my $folder  = File::Temp->newdir('fxp-XXXXXXXX', TMPDIR => 1);
my $running = "$folder/running";
open my $flag, '>', $running or die "$running: $!";
my @writers = map { writer($_) } 1 .. 3;

END {
    if ($$ == $owner) {
        my $status = $?;
        kill 'KILL', @writers;
        waitpid $_, 0 for @writers;
        $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
    }
}

sub writer {
    my ($number) = @_;
    my $pid = fork // die "fork: $!";
    return $pid if $pid;
    srand $seed + $number;
    my ($handle, $count) = (undef, 0);
    while (-e $running) {
        eval {
            local $SIG{__WARN__} = sub { };
            $handle = $cluster->connect if !$handle || !$handle->ping;
            $handle->begin_work;
            for (1 .. 1 + int rand 3) {
                my $from = 1 + int rand $users;
                my $to = 1 + ($from + int rand($users - 1)) % $users;
                $handle->do('SELECT t.send(?, ?, ?)', undef, $from, $to, "w$number-" . $count++) if $from != $to;
            }
            sleep rand 0.2 if rand() < 0.1;
            rand() < 0.05 ? $handle->rollback : $handle->commit;
            1;
        } or do { eval { $handle->disconnect } if $handle; $handle = undef; sleep 0.05 };
        sleep rand() < 0.05 ? rand 0.4 : rand 0.02;
    }
    POSIX::_exit(0);
}

# What a channel knows of itself: its user, what its join and its first sync said.
my (%channel, $made);

sub join_one {
    my $name = 'c' . ++$made;
    my $user = 1 + int rand $users;
    $daemon->say("join $name " . FlixIM::Test::Subscriber::uuid($user) . ' ' . FlixIM::Test::Subscriber::uuid($user + 100));
    my $live_from = $daemon->wait_line(qr/^(?:joined|refused) \Q$name\E (\S+)/);
    return if $live_from !~ /^\d/;
    $channel{$name} = { user => $user, base => $live_from, sync_at => rand() < 0.8 ? time + rand 0.4 : undef, way => rand };
    return;
}

sub sync_one {
    my ($name) = @_;
    my $one = $channel{$name};
    $one->{sync_at} = undef;
    my ($from, $limit) = $one->{way} < 0.5 ? ($one->{base}, 500) : $one->{way} < 0.8 ? ('-', 30) : ('-', 500);
    $daemon->say("sync $name $from $limit");
    my ($cursor, $more) = eval { $daemon->wait_line(qr/^(?:synced \Q$name\E (\S+) (\d)|unsynced \Q$name\E)/) };
    return if !defined $cursor;
    # What is up to the cursor it has; what it was pushed before counts as well.
    $one->{is_mixed} = $more && $cursor lt $one->{base};
    $one->{base} = $cursor;
    return;
}

sub backends { return $db->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'flixim-pushd' AND random() < ?}, undef, $_[0]) }

my %fault = (
    one    => sub { backends(0.15) },
    all    => sub { backends(1) },
    stop   => sub { kill 'STOP', $daemon->pid; sleep 0.3 + rand 1.7; kill 'CONT', $daemon->pid },
    fast   => sub { $db->disconnect; $cluster->restart('fast');      $db = $cluster->connect },
    crash  => sub { $db->disconnect; $cluster->restart('immediate'); $db = $cluster->connect },
    silent => sub { sleep 1 },
);
my @faults = sort keys %fault;
my (%done, $next);

my $until = time + $seconds;
$next = time + 1;
while (time < $until) {
    join_one() if keys %channel < 12;
    for my $name (sort keys %channel) {
        sync_one($name) if defined $channel{$name}{sync_at} && time >= $channel{$name}{sync_at};
    }
    if (rand() < 0.03 && keys %channel > 6) {
        my ($name) = (sort keys %channel)[ rand keys %channel ];
        check_order($name);
        $daemon->say("leave $name");
        delete $channel{$name};
    }
    if (time > $next) {
        my $fault = $faults[ rand @faults ];
        $fault{$fault}->();
        $done{$fault}++;
        $next = time + 0.3 + rand 2;
    }
    $daemon->wait_for(sub { 0 }, 0.05);
}
diag 'faults: ', join ', ', map {"$_ $done{$_}"} sort keys %done;
unlink $running;
waitpid $_, 0 for splice @writers;
$daemon->wait_up;

sub times { return map { $_->{event_timestamp} } $daemon->events($_[0]) }    ## no critic (ProhibitBuiltinHomonyms)

# In the order of their stamps, but where a first sync after hold_time began before what was pushed.
sub check_order {
    my ($name) = @_;
    my @times = ::times($name);
    is "@times", join(' ', sort @times), "$name: in order" if !$channel{$name}{is_mixed};
    my %seen;
    is join(' ', grep { $seen{$_}++ } @times), '', "$name: each once";
    return;
}

my $pushed = 0;
for my $name (sort keys %channel) {
    my $one = $channel{$name};
    my @wanted = map { $_->[0] } @{ $db->selectall_arrayref(
        q{SELECT to_char(stamp AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') FROM flixim.events WHERE target_user_id = t.u(?) AND stamp > ? ORDER BY stamp},
        undef, $one->{user}, $one->{base}) };
    my %got;
    my $missing = sub { %got = map { $_ => 1 } ::times($name); return join ' ', grep { !$got{$_} } @wanted };
    $daemon->wait_for(sub { $missing->() eq '' }, 15);
    is $missing->(), '', "$name: nothing is missing";
    check_order($name);
    $pushed += keys %got;
}
cmp_ok $pushed, '>', 0, 'events were pushed';
diag "$pushed events pushed to those who were there in the end; ", $db->selectrow_array('SELECT count(*) FROM flixim.events'), ' in all';
is $cluster->psql('SELECT count(*) FROM flixim.check_invariants()'), 0, 'no invariant is violated';
is $daemon->metrics->{stream_safety_caught_total}, 0, 'the safety poll had nothing to do';
$daemon->quit;
$db->disconnect;

done_testing;
