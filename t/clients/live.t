# SPDX-License-Identifier: Apache-2.0
# clients/js with the real thing: devices that send, read, withdraw and delete at random, and outlive a kill of the daemon.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use File::Temp ();
use IPC::Open2 qw(open2);
use JSON::PP   ();
use Test::More;

use FlixIM::Test::Api;
use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Pushd;

my $pushd;
my $api = FlixIM::Test::Api->start(
    modules => [qw(headers proxy proxy_http)],
    with    => sub {
        my ($half) = @_;
        $half->write_file('secret', $half->secret);
        $pushd = FlixIM::Test::Pushd->start(api => $half);
        return (pushd => 'http://127.0.0.1:' . $pushd->port, handoff => [ $pushd->handoff ]);
    },
);
my $npm    = clients();
my $config = File::Temp->new(SUFFIX => '.json', TMPDIR => 1);
my $seed   = $ENV{FLIXIM_SEED} // int rand 2**31;
diag("FLIXIM_SEED=$seed") if $ENV{FLIXIM_LONG};
print {$config} JSON::PP->new->encode({
    url    => $api->httpd->url =~ s/^http/ws/r . '/socket',
    apiUrl => $api->httpd->url . '/api/v1',
    users  => [ map { { id => $api->id($_), token => $api->token($_) } } qw(alice bob carol) ],
    seed   => $seed,
    steps  => $ENV{FLIXIM_LONG} ? 1000 : 150,
});
close $config or die "close: $!";

my $pid = open2(my $output, my $input, 'node', "$npm/live.mjs", "$config");
$input->autoflush;
my $bad = 0;
while (my $line = <$output>) {
    chomp $line;
    if ($line eq 'down') { $pushd->kill; print {$input} "done\n"; next }
    if ($line eq 'up')   { $pushd->up;   print {$input} "done\n"; next }
    if ($line =~ /^(not )?ok \d+ - (.*)/) { ok !$1, $2 or $bad++; next }
    diag($line) if $line =~ /^#/;
}
waitpid $pid, 0;
is $?, 0, 'Node ends with status 0';
diag("FLIXIM_SEED=$seed") if $bad;

cmp_ok $pushd->metrics->{handoffs_total}, '>', 0, 'they came by the hand-off';
is_deeply [ $pushd->faults ], [], 'no fault in the log of the daemon';
$pushd->stop;
# What the killed daemon was in the middle of, and clients that came while it was gone.
$api->finish(provoked => qr/FATAL:  connection to client lost|FATAL:  terminating connection because protocol|FLX0501: /);
done_testing;
