# SPDX-License-Identifier: Apache-2.0
# The chat page in Chromium, with httpd, the daemon and a database behind it: t/clients/page.mjs, step by step.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Page;
use Test::More;

my $root   = "$Bin/../..";
my $page   = FlixIM::Test::Page->start;
my $policy = $page->policy;
my ($meta) = FlixIM::Test::Page::slurp("$root/clients/page/index.html") =~ /http-equiv="Content-Security-Policy" content="([^"]*)"/;
is $meta, $policy, 'index.html has the policy of its README';
like FlixIM::Test::Page::slurp("$root/t/lib/site.sh"), qr/"\Q$policy; frame-ancestors 'none'\E"/, 'so does the server of ./dev run';

my ($api, $pushd) = ($page->api, $page->pushd);
$page->run(
    'page.mjs',
    kill           => sub { $pushd->kill;       return },
    up             => sub { $pushd->up;         return },
    stop_database  => sub { delete $api->{dbh}; $api->cluster->stop('immediate'); return },
    start_database => sub { $api->cluster->up;  return },
);

$page->finish(provoked => qr/terminating connection|canceling statement|the database system is|FATAL|cannot connect|proxy[^ ]*:error/);
done_testing;
