# SPDX-License-Identifier: Apache-2.0
# ClientHellos by hand: any server name, any length, in records of any size; no handshake can follow.
package FlixIM::Test::Hello;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

=head1 SYNOPSIS

    use FlixIM::Test::Hello qw(hello);

    my $bytes = hello('ws.example.org');
    my $bytes = hello(undef);                                  # without a server name
    my $bytes = hello('ws.example.org', record => 1);          # a record for each byte
    my $bytes = hello('ws.example.org', padding => 2000);      # and an extension of zeros

=cut

our @EXPORT_OK = qw(hello);

sub hello {
    my ($name, %option) = @_;
    my $extensions = pack('n n/a', 43, pack 'C/a', pack 'n', 0x0304);
    $extensions .= pack 'n n/a', 0, pack 'n/a', pack 'C n/a', 0, $name if defined $name;
    $extensions .= pack 'n n/a', 21, "\0" x $option{padding} if $option{padding};
    my $body = pack 'n a32 C/a n/a C/a n/a', 0x0303, 'x' x 32, 's' x 32, pack('n2', 0x1301, 0xC02F), "\0", $extensions;
    my $message = pack 'C a3 a*', 1, substr(pack('N', length $body), 1), $body;
    my $size = $option{record} // 16384;
    return join '', map { pack 'C n n/a', 22, 0x0301, $_ } $message =~ /(.{1,$size})/gs;
}

1;
