# SPDX-License-Identifier: Apache-2.0
# Flix IM itself as a benchmark sees it: an httpd and its daemon, and one port where sockets come in.
package FlixIM::Bench::Flixim;

use strict;
use warnings FATAL => 'all';

use FlixIM::Bench::Processor qw(family);
use FlixIM::Test::Httpd;
use FlixIM::Test::Pushd;

=head1 SYNOPSIS

    my $flixim = FlixIM::Bench::Flixim->start(
        cluster  => $cluster,
        daemons  => 2,          # 1
        settings => { ... },    # of each daemon
        extra    => '...',      # of httpd's configuration
        modules  => [...],      # more of httpd's own
    );
    $flixim->name; $flixim->port; $flixim->load; $flixim->parents; $flixim->pids; $flixim->stop;    # as FlixIM::Bench::Server has them
    $flixim->httpd; $flixim->pushds; $flixim->pushd;    # all daemons; the first

Clients come through httpd, which hands them over to a daemon; with BENCH_DIRECT=1 to the daemons' own ports. httpd is as large as 50
worker threads, all of them there from the start. What limits the rate of one user is off.

=cut

my $threads = <<'CONF';
<IfModule mpm_event_module>
    ServerLimit 2
    StartServers 2
    ThreadsPerChild 25
    MaxRequestWorkers 50
    MinSpareThreads 50
    MaxSpareThreads 50
</IfModule>
ListenBacklog 4096
CONF

sub start {
    my ($class, %option) = @_;
    my %settings = (connections => 100_000, connect_backlog => 4096, pushes_per_second => 0, %{ $option{settings} // {} });
    my @pushds = map { FlixIM::Test::Pushd->start(cluster => $option{cluster}, settings => \%settings) } 1 .. $option{daemons} // 1;
    my $httpd = FlixIM::Test::Httpd->start(cluster => $option{cluster}, handoff => [ map { $_->handoff } @pushds ],
        pushd => 'http://127.0.0.1:' . $pushds[0]->port, modules => [ qw(proxy proxy_http), @{ $option{modules} // [] } ], extra => $threads . ($option{extra} // ''));
    return bless { name => 'Flix IM', httpd => $httpd, pushds => \@pushds }, $class;
}

sub name    { return $_[0]{name} }
sub httpd   { return $_[0]{httpd} }
sub pushd   { return $_[0]{pushds}[0] }
sub pushds  { return @{ $_[0]{pushds} } }
sub load    { my ($self) = @_; return (to => [ map {"127.0.0.1:$_"} $self->_ports ]) }
sub port    { return ($_[0]->_ports)[0] }
sub parents { my ($self) = @_; return map { $_->pid } $self->{httpd}, $self->pushds }
sub pids    { return family($_[0]->parents) }

sub _ports {
    my ($self) = @_;
    return $ENV{BENCH_DIRECT} ? map { $_->port } $self->pushds : $self->{httpd}->port;
}

sub stop {
    my ($self) = @_;
    $_->stop for $self->{httpd}, $self->pushds;
    return;
}

1;
