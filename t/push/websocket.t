# SPDX-License-Identifier: Apache-2.0
# The transport alone, as flixim-wsecho has it: frames, handshakes, limits, over TCP, the Unix socket and TLS. Every case is run
# in one write, in pieces and together with what comes before it.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Conformance    qw(jobs run);
use FlixIM::Test::Echo;
use FlixIM::Test::HandshakeCases qw(handshake_cases);
use FlixIM::Test::WebSocketCases qw(frame_cases limit_cases);
use Test::More;

my %limit = (frame_size => 100_000, fragments => 16);
my $echo  = FlixIM::Test::Echo->start(unix => 1, tls => 1);
my $small = FlixIM::Test::Echo->start(flags => [ map { tr{_}{-}r } map {"--$_=$limit{$_}"} sort keys %limit ]);

my @frames = frame_cases();
check('TCP', [ port => $echo->port ], @frames);
check('TCP', [ port => $echo->port ], handshake_cases());
check('limits', [ port => $small->port ], limit_cases(%limit));
check('Unix socket', [ unix => $echo->unix ], grep { $_->{name} =~ /^(?:echo|control|close|length|handshake)/ } @frames, handshake_cases());
check('TLS', [ port => $echo->tls_port, tls => { SSL_ca_file => $echo->certificate } ],
    grep { $_->{name} =~ /^(?:echo|control|fragments|close|length|size)/ } @frames);
cmp_ok scalar @frames, '>', 1000, 'that were many cases';

ok $echo->stop,  'the echo ends well' or diag $echo->log;
ok $small->stop, 'so does the one with small limits' or diag $small->log;
done_testing;

# One test for each group of cases.
sub check {
    my ($name, $where, @cases) = @_;
    my (%group, @groups);
    for my $case (@cases) {
        my ($group) = $case->{name} =~ /^([^:]+):/;
        push @groups, $group if !$group{$group};
        push @{ $group{$group} }, $case;
    }
    my @failures = run(@$where, jobs => [ jobs(@cases) ]);
    for my $group (@groups) {
        my @wrong = grep {/^\Q$group\E:/} @failures;
        ok !@wrong, sprintf '%s: %s, %d cases', $name, $group, scalar @{ $group{$group} };
        diag $_ for @wrong[ 0 .. ($#wrong > 20 ? 20 : $#wrong) ];
        diag scalar(@wrong) . ' in all' if @wrong > 21;
    }
    return;
}
