# SPDX-License-Identifier: Apache-2.0
# Sends that meet in one child go together into one transaction, each with its own outcome; what goes wrong with one is no other's.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Crowd  qw(users);
use FlixIM::Test::Dev    qw(wait_until);
use FlixIM::Test::Httpd;
use FlixIM::Test::Volley qw(fire answers volley statuses request);
use Apache::Test         qw(-withtestmore);
use JSON::PP             qw(decode_json encode_json);
use List::Util           qw(max);
use Time::HiRes          qw(time sleep);

my $mpm = $ENV{FLIXIM_MPM} // 'event';
my $one = $mpm eq 'prefork'
    ? "StartServers 32\nMinSpareServers 1\nMaxSpareServers 40\nMaxRequestWorkers 40\n"
    : "StartServers 1\nServerLimit 2\nThreadsPerChild 40\nMaxRequestWorkers 40\nMinSpareThreads 1\nMaxSpareThreads 40\n";
my $cluster = FlixIM::Test::Cluster->start;
# What becomes of a transaction that sends: public.scene says how long each takes, and how many are still to deadlock.
$cluster->psql(<<'SQL');
CREATE TABLE public.scene AS SELECT 0.0::float AS seconds;
CREATE SEQUENCE public.deadlocks MINVALUE 0 START 1000;
GRANT SELECT ON public.scene TO PUBLIC;
GRANT USAGE ON SEQUENCE public.deadlocks TO PUBLIC;
CREATE FUNCTION public.play() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(seconds) FROM public.scene WHERE seconds > 0;
    IF nextval('public.deadlocks') <= 2 THEN
        RAISE 'played' USING ERRCODE = 'deadlock_detected';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'no such text' USING ERRCODE = 'data_exception'; END $$;
CREATE TRIGGER play AFTER INSERT ON flixim.messages EXECUTE FUNCTION public.play();
CREATE TRIGGER refuse BEFORE INSERT ON flixim.messages FOR EACH ROW WHEN (NEW.content ->> 'text' = 'fault') EXECUTE FUNCTION public.refuse();
SQL
my $httpd = FlixIM::Test::Httpd->start(cluster => $cluster, extra => $one, settings => { FlixIMDatabaseTimeout => '2s' });
my @users = users($cluster, 60);
my $last_id = 0;

# A message of user N, to the one thirty places on unless it says otherwise.
sub post {
    my ($n, %message) = @_;
    %message = (
        client_message_id => new_id(), receiver_id => $users[ $n + 29 ]{id}, message_type => 'private_message', content_type => 'text',
        content => { text => "of $n" }, %message);
    delete @message{ grep { !defined $message{$_} } keys %message };
    return request(POST => '/messages', $users[ $n - 1 ]{token}, encode_json(\%message));
}
sub new_id { return sprintf '00000000-0000-4000-8000-%012d', ++$last_id }

sub takes {
    my ($seconds) = @_;
    $cluster->psql("UPDATE public.scene SET seconds = $seconds");
    return;
}

# How many transactions the messages came in since the last time, and how many those were.
my $seen = '00000000-0000-0000-0000-000000000000';
sub stored {
    my ($messages, $transactions, $newest) = split /\|/, $cluster->psql(
        q{SELECT count(*), count(DISTINCT xmin::text), max(id::text) FROM flixim.messages WHERE id > :'seen'}, vars => { seen => $seen });
    $seen = $newest if $messages;
    return ($messages, $transactions);
}
sub texts { return map { $_->{status} == 201 || $_->{status} == 200 ? decode_json($_->{body})->{data}{content}{text} : $_->{status} } @_ }

is statuses(volley($httpd->port, map { post($_) } 1 .. 30)), '201: 30', 'first messages to thirty users, at once';
stored();

takes(0.01);
my @answers = volley($httpd->port, map { post($_) } 1 .. 30);
is statuses(@answers), '201: 30', 'thirty more';
is_deeply [ texts(@answers) ], [ map {"of $_"} 1 .. 30 ], 'each is answered with its own';
my ($messages, $transactions) = stored();
is $messages, 30, 'each is stored once';
cmp_ok $transactions, $mpm eq 'prefork' ? '==' : '<=', $mpm eq 'prefork' ? 30 : 15, 'together, where they have a child in common';
diag "$messages messages in $transactions transactions";

# All outcomes at once.
my $twice = new_id();
my $clash = new_id();
my $missing = 'group:00000000-0000-4000-8000-000000000000';
$cluster->psql(q{SELECT flixim.revoke_token(sha256(convert_to(:'token', 'UTF8')))}, vars => { token => $users[9]{token} });
my $is_conflict = sub { my ($answer) = @_; return $answer->{body} =~ /"idempotency_conflict"/ };
my %special = (
    3  => { client_message_id => $twice, content => { text => 'twice' } },
    5  => { receiver_id => $users[4]{id} },
    7  => { message_type => 'system_notification' },
    9  => { receiver_id => undef, conversation_id => $missing },
    11 => { content => { text => 'fault' } },
    13 => { content => { text => "a,b{c}NULL\\d\"e\x{1}" } },
    15 => { content => { text => 'NULL' } },
);
my @shots = ((map { post($_, %{ $special{$_} // {} }) } 1 .. 28), post(3, %{ $special{3} }), post(3, %{ $special{3} }),
    post(29, client_message_id => $clash, content => { text => 'one' }), post(29, client_message_id => $clash, content => { text => 'other' }));
@answers = volley($httpd->port, @shots);
my %expected = (5 => 422, 7 => 403, 9 => 404, 10 => 401, 11 => 500);
for my $n (sort { $a <=> $b } keys %expected) {
    is $answers[ $n - 1 ]{status}, $expected{$n}, "one gets $expected{$n}";
}
like $answers[4]{body}, qr/"receiver_id":/, 'with its own field';
my @fine = grep { !$expected{$_} && $_ != 3 } 1 .. 28;
is statuses(@answers[ map { $_ - 1 } @fine ]), '201: ' . @fine, 'those beside them are sent';
is_deeply [ texts(@answers[ map { $_ - 1 } @fine ]) ], [ map { $special{$_} ? $special{$_}{content}{text} : "of $_" } @fine ], 'as they are';
my @same = @answers[ 2, 28, 29 ];
is statuses(@same), '200: 2, 201: 1', 'a client id three times at once: one message';
my %ids = map { decode_json($_->{body})->{data}{id} => 1 } @same;
is scalar(keys %ids), 1, 'which all three get';
is join(' ', sort map { $_->{status} } @answers[ 30, 31 ]), '201 409', 'with two texts: one of them';
is scalar(grep { $is_conflict->($_) } @answers[ 30, 31 ]), 1, 'and a conflict';
($messages) = stored();
is $messages, @fine + 2, 'what was acknowledged is stored, and no more';

# A row that somebody holds.
my $other = $cluster->connect;
$other->begin_work;
$other->do('SELECT FROM flixim.users WHERE user_id = ? FOR NO KEY UPDATE', undef, $users[0]{id});
my $stuck = fire($httpd->port, post(1));
my @others = volley($httpd->port, map { post($_) } 2 .. 9);
is statuses(@others), '201: 8', 'a row that somebody holds: the others are sent';
cmp_ok max(map { $_->{seconds} } @others), '<', 1, 'without waiting for it';
my $more = fire($httpd->port, map { post($_) } 1, 12 .. 19);
my @more = answers($more, 0.9);
is statuses(@more[ 1 .. 8 ]), '201: 8', 'and so beside another one that needs it';
$other->rollback;
is statuses(answers($stuck, 10)), '201: 1', 'which is sent when it is free';
is statuses(answers([ $more->[0] ], 10)), '201: 1', 'as is the other';
$other->begin_work;
$other->do('SELECT FROM flixim.users WHERE user_id = ? FOR NO KEY UPDATE', undef, $users[0]{id});
@answers = volley($httpd->port, map { post($_) } 1 .. 9);
is statuses(@answers), '201: 8, 503: 1', 'or is told in the end that it is not';
cmp_ok max(map { $_->{seconds} } @answers), '<', 3, 'within its time';
$other->rollback;
stored();

# Others in the way.
takes(0.01);
$cluster->psql(q{SELECT setval('public.deadlocks', 0)});
is statuses(volley($httpd->port, map { post($_) } 12 .. 28)), '201: 17', 'two deadlocks: all are sent';
($messages) = stored();
is $messages, 17, 'each once';
$cluster->psql(q{SELECT setval('public.deadlocks', 1000)});

# PostgreSQL ends or hangs while they are on their way.
sub sleeping { return grep {/\d/} split /\n/, $cluster->psql(q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' ORDER BY query_start}) }
my @ids;
sub burst {
    @ids = map { new_id() } 12 .. 28;
    takes(1.2);
    my $shots = fire($httpd->port, map { post($_, client_message_id => $ids[ $_ - 12 ]) } 12 .. 28);
    # One alone, and those that came after it together.
    wait_until(5, sub { sleeping() > 1 }) or die 'nothing is on its way';
    return $shots;
}

# What was acknowledged is stored; what was not is acknowledged when it is sent again, and stored once.
sub settle {
    my ($what, @first) = @_;
    is scalar(grep { $_->{status} != 201 && $_->{status} != 503 } @first), 0, "$what: 201 or 503";
    wait_until(10, sub { ($cluster->try_psql('UPDATE public.scene SET seconds = 0'))[2] == 0 }) or die 'PostgreSQL does not come back';
    wait_until(10, sub { (volley($httpd->port, request(GET => '/health')))[0]{status} == 200 }) or die 'the database does not come back';
    my @second = volley($httpd->port, map { post($_, client_message_id => $ids[ $_ - 12 ]) } 12 .. 28);
    is scalar(grep { $_->{status} != 201 && $_->{status} != 200 } @second), 0, 'again: acknowledged';
    my @changed = grep { $first[$_]{status} == 201 && $first[$_]{body} !~ /\Q@{[decode_json($second[$_]{body})->{data}{id}]}\E/ } 0 .. 16;
    is "@changed", '', 'with the id that was told before';
    my $sql = q{SELECT count(*), count(DISTINCT client_message_id) FROM flixim.messages WHERE client_message_id = ANY (:'ids')};
    is $cluster->psql($sql, vars => { ids => '{' . join(',', @ids) . '}' }), '17|17', 'each is stored once';
    return;
}

my $shots = burst();
kill 'KILL', (sleeping())[0];
settle('a server process is killed', answers($shots, 10));
like $httpd->log, $mpm eq 'prefork' ? qr/FLX0103: statement send_message/ : qr/FLX0202: statement send_message: went together with \d+ more, and nobody knows/,
    'whoever does not know says so';

$shots = burst();
my ($hung) = sleeping();
kill 'STOP', $hung;
my @first = answers($shots, 10);
kill 'CONT', $hung;
# The first goes alone, unless another has come before it had its turn.
like statuses(@first), qr/\A201: 1[56], 503: [12]\z/, 'a server process hangs: nobody waits for it but who is on it';
settle('then it goes on', @first);
cmp_ok max(map { $_->{seconds} } @first), '<', 4, 'all are answered in time';

$shots = burst();
$httpd->graceful;
is statuses(answers($shots, 10)), '201: 17', 'a graceful restart while they are on their way';

is $cluster->psql('SELECT * FROM flixim.check_invariants()'), '', 'all invariants hold';
unlike $httpd->log, qr/exit signal/, 'no child died';
done_testing;
