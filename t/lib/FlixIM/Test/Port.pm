# SPDX-License-Identifier: Apache-2.0
# Ports for the servers of a test.
package FlixIM::Test::Port;

use strict;
use warnings FATAL => 'all';

use Exporter         qw(import);
use IO::Socket::INET ();

our @EXPORT_OK = qw(free_port);

# A port of the loopback that nobody listens on. It is below those that the kernel gives out by itself: of these one may
# belong to somebody's connection, or to another test, before a server has come to listen there.
sub free_port {
    for (1 .. 1000) {
        my $port = 10_000 + int rand 22_000;
        return $port if IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port);
    }
    die "no free port: $!";
}

1;
