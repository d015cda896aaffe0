# SPDX-License-Identifier: Apache-2.0
# Methods and paths (rows F2, F4 and F5 of the threats): each path has its methods and no others, and no path is another's.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Operations qw(operations);
use Apache::Test qw(-withtestmore);

my $origin = 'https://www.example.org';
my $api = FlixIM::Test::Api->start(settings => { FlixIMAllowOrigin => $origin });
my %methods;
push @{ $methods{ $_->{path} } }, $_->{method}, $_->{method} eq 'GET' ? 'HEAD' : () for operations();

sub words { return join ' ', sort split /, */, $_[0] // '' }

for my $path (sort keys %methods) {
    my $target = $path =~ s/\{\w+\}/$api->uuid/er;
    my $all = join ' ', sort @{ $methods{$path} }, 'OPTIONS';
    my %has = map { $_ => 1 } split / /, $all;
    for my $method (grep { !$has{$_} } qw(GET HEAD POST PUT DELETE PATCH LOCK get FLIX)) {
        my $answer = $api->call('alice', $method => $target, headers => [ 'X-HTTP-Method-Override' => 'GET' ]);
        is $answer->status, 405, "$method $path: there is none";
        is words($answer->header('Allow')), $all, "$method $path: but these";
    }
    # httpd's own, before any module: TRACE is off, and CONNECT takes no path.
    is $api->call('alice', TRACE => $target, unchecked => 1)->status, 405, "TRACE $path";
    is $api->call('alice', CONNECT => $target, unchecked => 1)->status, 400, "CONNECT $path";

    my $options = $api->call(undef, OPTIONS => $target);
    is $options->status, 204, "OPTIONS $path";
    is words($options->header('Allow')), $all, "OPTIONS $path: its methods";
    my @asks = ('Access-Control-Request-Method' => 'PUT');
    my $preflight = $api->call(undef, OPTIONS => $target, headers => [ @asks, Origin => $origin ]);
    is $preflight->status, 204, "OPTIONS $path, as a preflight";
    is $preflight->header('Access-Control-Allow-Origin'), $origin, "OPTIONS $path, as a preflight: who may";
    is words($preflight->header('Access-Control-Allow-Methods')), $all, "OPTIONS $path, as a preflight: what";
    is $api->call(undef, OPTIONS => $target, headers => [ @asks, Origin => "$origin.evil" ])->header('Access-Control-Allow-Origin'), undef,
        "OPTIONS $path, as another's preflight";
}

# HEAD: every header of GET, and no body.
for my $path ('/messages', '/messages/' . $api->uuid, '/messages/unread_count', '/health', '/nothing', '/messages?limit=x') {
    my ($get, $head) = map { $api->call('alice', $_ => $path, headers => [ Origin => $origin ]) } qw(GET HEAD);
    is $head->look, $get->look =~ s/\n\n.*/\n\n/sr =~ s/\n\n\z/\n\n/r, "HEAD $path: what GET says, without the body";
    is $get->header('Access-Control-Allow-Origin'), $origin, "GET $path: for the page that asks";
}

# Paths that are almost others.
for my $case (
    [ '/messages/unread_count/', 404 ], [ '/messages/', 404 ], [ '/Messages', 404 ], [ '/messages;x=y', 404 ], [ '/messages%20', 404 ],
    [ '/messages%00', 404 ], [ '/messages%2f', 404 ], [ '/messages/..%2fhealth', 404 ], [ '/messages%0d%0aX-Evil:1', 404 ],
    [ '/messages/read_all/x', 404 ], [ '/messages/sync/read', 405 ], [ '/messages/read_all', 405 ],
    [ '/%6dessages', 200 ], [ '//messages', 200 ], [ '/./messages', 200 ], [ '/messages/../messages', 200 ], [ '/messages/%2e%2e/health', 200 ],
  ) {
    my ($path, $status) = @$case;
    my $answer = $api->call('alice', GET => $path, unchecked => 1);
    is $answer->status, $status, "GET $path: $status";
    is $answer->header('Content-Type'), 'application/json; charset=utf-8', "GET $path: in JSON";
    is $answer->header('X-Evil'), undef, "GET $path: with our headers alone";
}
$api->finish;
done_testing;
