# SPDX-License-Identifier: Apache-2.0
# The peer of the REST benchmarks: the server in bench/fastify, its pool as large as it is fastest with.
package FlixIM::Bench::Fastify;

use strict;
use warnings FATAL => 'all';

use FlixIM::Bench::Server;

use parent -norequire, 'FlixIM::Bench::Server';

=head1 SYNOPSIS

    my $fastify = FlixIM::Bench::Fastify->start(pool => 5);    # connections of each of its two workers

=cut

sub start {
    my ($class, %option) = @_;
    my $folder = FlixIM::Bench::Server::packages('bench/fastify');
    my $self = bless { name => 'Fastify', port => FlixIM::Bench::Server::free_port() }, $class;
    return $self->launch({ PORT => $self->port, POOL => $option{pool}, PGUSER => 'flixim_httpd', NODE_ENV => 'production' },
        'node', "$folder/server.js");
}

1;
