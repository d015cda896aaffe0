# SPDX-License-Identifier: Apache-2.0
# The chat page in Chromium, with httpd, the daemon and a database behind it: t/clients/page.mjs, step by step.
use strict;
use warnings FATAL => 'all';

use File::Copy qw(copy);
use FindBin    qw($Bin);
use IPC::Open2 qw(open2);
use JSON::PP   ();
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Pushd;
use Test::More;

my $root   = "$Bin/../..";
my $folder = clients();

# The policy that clients/page/README.md asks for; index.html must say the same.
my ($policy) = slurp("$root/clients/page/README.md") =~ /^ *Content-Security-Policy: (.*)/m;
ok $policy, 'the README has a policy';
my ($meta) = slurp("$root/clients/page/index.html") =~ /http-equiv="Content-Security-Policy" content="([^"]*)"/;
is $meta, $policy, 'index.html has the same';
like slurp("$root/t/lib/site.sh"), qr/"\Q$policy; frame-ancestors 'none'\E"/, 'so does the server of ./dev run';

my $port  = free_port();
my $extra = <<"TEXT";
TypesConfig /dev/null
AddType text/javascript .js .mjs
AddType text/css .css
AddType image/svg+xml .svg
AddType "text/html; charset=utf-8" .html
DirectoryIndex index.html
Header always set Content-Security-Policy "$policy; frame-ancestors 'none'"
Header always set X-Content-Type-Options nosniff
<Location "/socket">
    ProxyPass "http://127.0.0.1:$port/socket" upgrade=websocket disablereuse=on
    ProxyPreserveHost On
</Location>
TEXT
my $api   = FlixIM::Test::Api->start(modules => [qw(dir mime headers proxy proxy_http)], extra => $extra);
my $pushd = FlixIM::Test::Pushd->start(api => $api, port => $port);

my $web = $api->httpd->dir . '/htdocs';
mkdir "$web/$_" or die "$web/$_: $!" for qw(page js vendor);
copy($_, "$web/page/") or die "$_: $!" for glob "$root/clients/page/*.{html,css,js,svg}";
copy($_, "$web/js/")   or die "$_: $!" for glob "$root/clients/js/*.js";
rename "$web/page/index.html", "$web/index.html" or die "index.html: $!";
copy("$folder/node_modules/phoenix18/priv/static/phoenix.mjs", "$web/vendor/") or die "phoenix.mjs: $!";

# The ids that the page has names for.
my %id = (alice => 1, bob => 2, carol => 3, dave => 4, site => 9);
my %users = map { my $d = $id{$_}; $_ => { id => $d x 8 . "-$d$d$d$d-4$d$d$d-8$d$d$d-" . $d x 12 } } keys %id;
$users{$_}{token} = $api->row('SELECT flixim.issue_token(?, ?)', $users{$_}{id}, $_ eq 'site' ? 'true' : 'false') for keys %users;

local $ENV{FLIXIM_NODE_MODULES} = "$folder/node_modules";
local $ENV{FLIXIM_PAGE} = JSON::PP->new->encode({ base => $api->httpd->url, users => \%users });
my $pid = open2(my $output, my $input, 'timeout', '--kill-after=5', '280', 'node', "$folder/page.mjs");
my %does = (
    kill           => sub { $pushd->kill },
    up             => sub { $pushd->up },
    stop_database  => sub { delete $api->{dbh}; $api->cluster->stop('immediate') },
    start_database => sub { $api->cluster->up },
);
my ($plan, $count) = (0, 0);
while (my $line = <$output>) {
    if ($line =~ /^!(\w+)$/ && $does{$1}) {
        $does{$1}->();
        print {$input} "done\n";
        $input->flush;
    }
    elsif ($line =~ /^(not )?ok \d+ - (.*)$/) {
        $count++;
        ok !$1, $2;
    }
    elsif ($line =~ /^1\.\.(\d+)$/) { $plan = $1 }
    elsif ($line =~ /^# (\w+)$/)    { note $1 }
    else                            { diag $line =~ s/^# |\n//gr }
}
waitpid $pid, 0;
is $?, 0, 'the browser ends with status 0';
is $count, $plan, 'with all its tests';

is join("\n", $pushd->faults), '', 'the daemon has nothing to complain of';
$api->finish(provoked => qr/terminating connection|canceling statement|the database system is|FATAL|cannot connect|proxy[^ ]*:error/);
done_testing;

sub slurp {
    my ($path) = @_;
    open my $file, '<:encoding(UTF-8)', $path or die "$path: $!";
    local $/ = undef;
    return scalar <$file>;
}

sub free_port {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "no free port: $!";
    return $socket->sockport;
}
