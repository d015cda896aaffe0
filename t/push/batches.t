# SPDX-License-Identifier: Apache-2.0
# Sends that meet go together into one transaction, each with its own outcome; one that has to wait holds up nobody.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Subscriber;
use Test::More;
use Time::HiRes qw(sleep time);

my $cluster = FlixIM::Test::Cluster->start;
my $db      = FlixIM::Test::Subscriber->database($cluster);
my $other   = $cluster->connect;
my $daemon  = FlixIM::Test::Subscriber->start($cluster, '--hold-time=0', '--database-timeout=4s', '--database-senders=2');

# Senders 1 to 40 have written to 100 before, so that no row is missing.
for my $n (1 .. 40) {
    $daemon->join("c$n", $n);
    $db->do('SELECT t.send(?, 100, ?)', undef, $n, "first$n");
}
$daemon->join('all', 100);

sub transactions { return $cluster->psql('SELECT count(DISTINCT xid) FROM flixim.events WHERE target_user_id = t.u(100)') }
sub sent { return join ' ', map { scalar $daemon->wait_line(qr/^sent c$_ (\w+)/) } @_ }

# At once: while the first one's commit is under way, the others wait and then go together.
my $before = transactions();
$daemon->send("c$_", 100, qq(m$_)) for 1 .. 40;
is sent(1 .. 40), join(' ', ('ok') x 40), 'forty sends at once are all acknowledged';
cmp_ok transactions() - $before, '<=', 20, 'in fewer transactions';
$daemon->wait_texts('all', join ' ', 1 .. 40);
is_deeply [ sort split ' ', $daemon->texts('all') ], [ sort map {"m$_"} 1 .. 40 ], 'and delivered, each once';
is $cluster->psql(q{SELECT count(*) FROM flixim.messages WHERE content->>'text' LIKE 'm%'}), 40, 'and stored once';

# Texts that an array has to quote.
$daemon->send('c1', 100, 'a,b{c}NULL\\\\d\\"e');
$daemon->send('c2', 100, 'NULL');
is sent(1, 2), 'ok ok', 'special texts';
$daemon->wait_texts('all', join ' ', 1 .. 42);
is_deeply [ sort map { $_->{payload}{content}{text} } ($daemon->events('all'))[ 40, 41 ] ], [ 'NULL', 'a,b{c}NULL\\d"e' ], 'come as they are';

# Missing rows: a first message to somebody.
$daemon->send('c1', 300, 'new');
is sent(1), 'ok', 'a message to somebody new';

# More than two batches hold, and all of them first messages: one batch follows the other without a pause, and makes what is missing.
$daemon->join("c$_", $_) for 401 .. 560;
$before = $cluster->psql('SELECT count(DISTINCT xid) FROM flixim.events WHERE target_user_id = t.u(500)');
$daemon->send("c$_", 500 + $_ % 2, qq(w$_)) for 401 .. 499, 502 .. 560;
is sent(401 .. 499, 502 .. 560), join(' ', ('ok') x 158), 'many first messages at once are all acknowledged';
$daemon->wait_texts('c500', join ' ', 1 .. 79);
is_deeply [ sort split ' ', $daemon->texts('c500') ], [ sort map {"w$_"} grep { $_ % 2 == 0 && $_ != 500 } 401 .. 560 ], 'and delivered, each once';
cmp_ok $cluster->psql('SELECT count(DISTINCT xid) FROM flixim.events WHERE target_user_id = t.u(500)') - $before, '<=', 20, 'in few transactions';

# One that is refused, one that is a fault: the others are none the worse.
$daemon->send("c$_", $_ == 7 ? 7 : $_ == 9 ? 'nonsense' : 100, qq(n$_)) for 1 .. 20;
is sent(7), 'invalid_fields', 'a message to oneself is refused';
is sent(9), 'internal_error', 'a value that PostgreSQL does not take';
is sent(1 .. 6, 8, 10 .. 20), join(' ', ('ok') x 18), 'and those beside them are sent';

# A row that somebody holds.
$other->begin_work;
$other->do('SELECT FROM flixim.users WHERE user_id = t.u(5) FOR NO KEY UPDATE');
my $began = time;
$daemon->send("c$_", $_ <= 20 ? 100 : 5, qq(s$_)) for 5, 1 .. 4, 21, 6 .. 20;
is sent(1 .. 4, 6 .. 20), join(' ', ('ok') x 19), 'a row that somebody holds';
cmp_ok time - $began, '<', 2, 'holds up nobody else';
$other->rollback;
is sent(5, 21), 'ok ok', 'and those that need it are sent when it is free';

$other->begin_work;
$other->do('SELECT FROM flixim.users WHERE user_id = t.u(5) FOR NO KEY UPDATE');
$daemon->send('c5', 100, 'stuck');
is sent(5), 'unavailable', 'or in the end unavailable';
$other->rollback;

$daemon->quit;

# With one sender, those that wait share it.
$daemon = FlixIM::Test::Subscriber->start($cluster, '--hold-time=0', '--database-timeout=4s', '--database-senders=1');
$daemon->join("c$_", $_) for 1 .. 10;
$other->begin_work;
$other->do('SELECT FROM flixim.users WHERE user_id = t.u(5) FOR NO KEY UPDATE');
$daemon->send("c$_", 100, qq(t$_)) for 1 .. 10;
is sent(1), 'ok', 'one sender: a row that somebody holds';
$other->rollback;
is sent(2 .. 10), join(' ', ('ok') x 9), 'and all are sent when it is free';

is $cluster->psql('SELECT count(*) FROM flixim.check_invariants()'), 0, 'no invariant is violated';
$daemon->quit;

done_testing;
