# SPDX-License-Identifier: Apache-2.0
# The peer of the socket benchmarks: the chat server in bench/node, on the same database with the same functions and tokens.
package FlixIM::Bench::Node;

use strict;
use warnings FATAL => 'all';

use FlixIM::Bench::Server;

use parent -norequire, 'FlixIM::Bench::Server';

=head1 SYNOPSIS

    my $node = FlixIM::Bench::Node->start(
        cluster  => $cluster,
        pool     => 5,        # connections of each of its two workers, and the only thing to tune
        key_file => $path,    # of HS256 tokens; default: opaque ones alone
    );

=cut

sub start {
    my ($class, %option) = @_;
    my $folder = FlixIM::Bench::Server::packages('bench/node');
    my $self = bless { name => 'Node', port => FlixIM::Bench::Server::free_port() }, $class;
    my %env = (
        $option{cluster}->env, PORT => $self->port, POOL => $option{pool} // 5, PGUSER => 'flixim_httpd', READER => 'postgres',
        NODE_ENV => 'production', $option{key_file} ? (KEY_FILE => $option{key_file}) : (),
    );
    return $self->launch(\%env, 'node', "$folder/server.js");
}

1;
