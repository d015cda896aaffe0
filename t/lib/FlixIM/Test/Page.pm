# SPDX-License-Identifier: Apache-2.0
# The chat page as ./dev run serves it, with httpd, a daemon and a database behind it, and a browser's script run against it.
package FlixIM::Test::Page;

use strict;
use warnings FATAL => 'all';

use Cwd              qw(abs_path);
use File::Basename   qw(dirname);
use File::Copy       qw(copy);
use IPC::Open2       qw(open2);
use JSON::PP         ();
use Test::More;

use FlixIM::Test::Api;
use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Pushd;
use FlixIM::Test::Port qw(free_port);

=head1 SYNOPSIS

    use FlixIM::Test::Page;

    my $page = FlixIM::Test::Page->start(settings => { ... }, more => { ... });    # of the daemon; for the script
    $page->run('page.mjs', ask => sub { ... });    # a file of t/clients, whose TAP becomes ours; "!ask" on a line of its own calls the function, and gets
                                                    # what it returns
    $page->api; $page->pushd; $page->users;
    $page->finish(provoked => qr/.../);    # what httpd was made to complain of

The script gets $FLIXIM_PAGE: {"base": URL, "users": {"alice": {"id", "token"}, bob, carol, dave, site}}, and what more there is.

=cut

my $root = abs_path(dirname(abs_path(__FILE__)) . '/../../../..');

sub start {
    my ($class, %option) = @_;
    my $folder = clients();
    # The policy that clients/page/README.md asks for.
    my ($policy) = slurp("$root/clients/page/README.md") =~ /^ *Content-Security-Policy: (.*)/m or die 'clients/page/README.md: no policy';
    my $port  = free_port();
    my $extra = <<"TEXT";
TypesConfig /dev/null
AddType text/javascript .js .mjs
AddType text/css .css
AddType image/svg+xml .svg
AddType image/png .png
AddType application/manifest+json .json
AddType "text/html; charset=utf-8" .html
DirectoryIndex index.html
Header always set Content-Security-Policy "$policy; frame-ancestors 'none'"
Header always set X-Content-Type-Options nosniff
<Location "/socket">
    ProxyPass "http://127.0.0.1:$port/socket" upgrade=websocket disablereuse=on
    ProxyPreserveHost On
</Location>
TEXT
    my $api = FlixIM::Test::Api->start(modules => [qw(dir mime headers proxy proxy_http)], extra => $extra);
    my $pushd = FlixIM::Test::Pushd->start(api => $api, port => $port, settings => $option{settings} // {});

    my $web = $api->httpd->dir . '/htdocs';
    mkdir "$web/$_" or die "$web/$_: $!" for qw(page js vendor);
    copy($_, "$web/page/") or die "$_: $!" for glob "$root/clients/page/*.*";
    copy($_, "$web/js/")   or die "$_: $!" for glob "$root/clients/js/*.js";
    rename "$web/page/$_", "$web/$_" or die "$_: $!" for qw(index.html sw.js);
    copy("$folder/node_modules/phoenix18/priv/static/phoenix.mjs", "$web/vendor/") or die "phoenix.mjs: $!";

    # The ids that the page has names for.
    my %id = (alice => 1, bob => 2, carol => 3, dave => 4, site => 9);
    my %users = map { my $d = $id{$_}; $_ => { id => $d x 8 . "-$d$d$d$d-4$d$d$d-8$d$d$d-" . $d x 12 } } keys %id;
    $users{$_}{token} = $api->row('SELECT flixim.issue_token(?, ?)', $users{$_}{id}, $_ eq 'site' ? 'true' : 'false') for keys %users;
    return bless { api => $api, pushd => $pushd, users => \%users, more => $option{more} // {}, folder => $folder, policy => $policy }, $class;
}

sub api    { return $_[0]{api} }
sub pushd  { return $_[0]{pushd} }
sub users  { return $_[0]{users} }
sub policy { return $_[0]{policy} }

sub run {
    my ($self, $script, %does) = @_;
    local $ENV{FLIXIM_NODE_MODULES} = "$self->{folder}/node_modules";
    local $ENV{FLIXIM_PAGE} = JSON::PP->new->encode({ %{ $self->{more} }, base => $self->api->httpd->url, users => $self->users });
    my $pid = open2(my $output, my $input, 'timeout', '--kill-after=5', '280', 'node', "$self->{folder}/$script");
    my ($plan, $count) = (0, 0);
    while (my $line = <$output>) {
        if ($line =~ /^!(\w+)$/ && $does{$1}) {
            my $answer = $does{$1}->();
            print {$input} 'done', defined $answer ? " $answer" : '', "\n";
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
    return;
}

sub finish {
    my ($self, %option) = @_;
    is join("\n", $self->pushd->faults), '', 'the daemon has nothing to complain of';
    $self->api->finish(%option);
    return;
}

sub slurp {
    my ($path) = @_;
    open my $file, '<:encoding(UTF-8)', $path or die "$path: $!";
    local $/ = undef;
    return scalar <$file>;
}

1;
