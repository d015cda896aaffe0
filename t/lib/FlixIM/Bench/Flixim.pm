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
        settings => { ... },    # of the daemon
        extra    => '...',      # of httpd's configuration
    );
    $flixim->name; $flixim->port; $flixim->load; $flixim->parents; $flixim->pids; $flixim->stop;    # as FlixIM::Bench::Server has them
    $flixim->httpd; $flixim->pushd;

Clients come to the daemon's own port. What limits the rate of one user is off.

=cut

sub start {
    my ($class, %option) = @_;
    my %settings = (connections => 100_000, pushes_per_second => 0, %{ $option{settings} // {} });
    my $pushd = FlixIM::Test::Pushd->start(cluster => $option{cluster}, settings => \%settings);
    my $httpd = FlixIM::Test::Httpd->start(cluster => $option{cluster}, pushd => 'http://127.0.0.1:' . $pushd->port,
        modules => [qw(proxy proxy_http)], extra => $option{extra} // '');
    return bless { name => 'Flix IM', httpd => $httpd, pushd => $pushd }, $class;
}

sub name    { return $_[0]{name} }
sub httpd   { return $_[0]{httpd} }
sub pushd   { return $_[0]{pushd} }
sub port    { return $_[0]{pushd}->port }
sub load    { return (to => '127.0.0.1:' . $_[0]->port) }
sub parents { return ($_[0]{httpd}->pid, $_[0]{pushd}->pid) }
sub pids    { return family($_[0]->parents) }

sub stop {
    my ($self) = @_;
    $self->{httpd}->stop;
    $self->{pushd}->stop;
    return;
}

1;
