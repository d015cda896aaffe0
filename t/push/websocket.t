# SPDX-License-Identifier: Apache-2.0
# The transport alone, as flixim-wsecho has it: frames, handshakes, limits, over TCP, the Unix socket, TLS, and handed over by httpd.
# Every case is run in one write, in pieces and together with what comes before it.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Conformance    qw(jobs run);
use FlixIM::Test::Echo;
use FlixIM::Test::HandshakeCases qw(handshake_cases);
use FlixIM::Test::Httpd;
use FlixIM::Test::WebSocketCases qw(frame_cases limit_cases);
use Test::More;

my %limit = (frame_size => 100_000, fragments => 16);
my $echo  = FlixIM::Test::Echo->start(unix => 1, tls => 1, handoff => 1);
my $small = FlixIM::Test::Echo->start(flags => [ map { tr{_}{-}r } map {"--$_=$limit{$_}"} sort keys %limit ]);

my @frames = frame_cases();
check('TCP', [ port => $echo->port ], @frames);
check('TCP', [ port => $echo->port ], handshake_cases());
check('limits', [ port => $small->port ], limit_cases(%limit));
check('Unix socket', [ unix => $echo->unix ], grep { $_->{name} =~ /^(?:echo|control|close|length|handshake)/ } @frames, handshake_cases());
check('TLS', [ port => $echo->tls_port, tls => { SSL_ca_file => $echo->certificate } ],
    grep { $_->{name} =~ /^(?:echo|control|fragments|close|length|size)/ } @frames);
my $httpd = FlixIM::Test::Httpd->start(bare => 1, extra => 'FlixIMHandoff ' . $echo->handoff . "\n");
# What comes together with the handshake httpd has read, or a part of it.
check('handed over', [ port => $httpd->port, at => '/socket/websocket' ], grep { $_->{name} =~ /^(?:echo|control|fragments|close|length|size)/ } @frames);
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
    my %where = @$where;
    my $path = delete $where{at};
    my @jobs = jobs(@cases);
    if ($path) {
        $_->{first}[0] =~ s{^GET / }{GET $path } for @jobs;
        # httpd takes no more than this from who does not wait for the answer.
        @jobs = grep { length $_->{first}[0] < 60_000 } @jobs;
    }
    my @failures = run(%where, jobs => \@jobs);
    for my $group (@groups) {
        my @wrong = grep {/^\Q$group\E:/} @failures;
        ok !@wrong, sprintf '%s: %s, %d cases', $name, $group, scalar @{ $group{$group} };
        diag $_ for @wrong[ 0 .. ($#wrong > 20 ? 20 : $#wrong) ];
        diag scalar(@wrong) . ' in all' if @wrong > 21;
    }
    return;
}
