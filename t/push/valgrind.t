# SPDX-License-Identifier: Apache-2.0
# The transport under valgrind, which sees what sanitizers do not: that a decision hangs on a byte that nobody wrote, in OpenSSL and
# wslay, too.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Conformance    qw(jobs run);
use FlixIM::Test::Echo;
use FlixIM::Test::HandshakeCases qw(handshake_cases);
use FlixIM::Test::WebSocketCases qw(frame_cases);
use Test::More;

my $kinds = 'definite,indirect,possible';
local $ENV{FLIXIM_PUSHD_WRAPPER} = "valgrind -q --error-exitcode=97 --leak-check=full --show-leak-kinds=$kinds --errors-for-leak-kinds=$kinds";

my $echo = FlixIM::Test::Echo->start(unix => 1, tls => 1);
my $third = 0;
my @plain = grep { $third++ % 3 == 0 } jobs(frame_cases(), handshake_cases());
my @tls   = jobs(grep { $_->{name} =~ /^(?:echo|control)/ } frame_cases());
for my $run ([ 'TCP', \@plain, port => $echo->port ], [ 'TLS', \@tls, port => $echo->tls_port, tls => { SSL_ca_file => $echo->certificate } ]) {
    my ($name, $jobs, @where) = @$run;
    my @failures = run(@where, jobs => $jobs, patience => 60);
    ok !@failures, "$name: " . @$jobs . ' cases' or diag join "\n", @failures;
}
ok $echo->stop, 'valgrind has nothing to say' or diag $echo->log;

done_testing;
