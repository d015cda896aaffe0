# SPDX-License-Identifier: Apache-2.0
# The suite sanitize itself: what a sanitizer finds in any process of httpd fails the test that started it.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use FlixIM::Test::Cluster;
use FlixIM::Test::Jwt   qw(jwks);
use FlixIM::Test::Probe qw(build_probe);
use Crypt::PK::ECC ();
use Test::More;

# A fault of t/lib/probe.c, what a test says that has asked for it, and the status that the test then ends with.
my @cases = (
    [ 'none',      qr/\A1\.\.1\nok 1\n\z/,                                                     0 ],
    [ 'leak',      qr/ERROR: LeakSanitizer: detected memory leaks.* of 1000 byte.*probe\.c/s,  1 ],
    [ 'overrun',   qr/ERROR: AddressSanitizer: heap-buffer-overflow.*probe\.c/s,               1 ],
    [ 'undefined', qr/runtime error: signed integer overflow.*probe\.c/s,                      1 ],
);

plan tests => 3 + 4 + 2 * @cases;

# Keys are freed with the configuration that they are of, by the parent; t/lib/leaks.supp passes them over in a child.
my $key = Crypt::PK::ECC->new;
$key->generate_key('secp256r1');
my $api = FlixIM::Test::Api->start(with => sub {
    my ($made) = @_;
    return (extra => 'FlixIMTokenJWKSFile "' . $made->write_file('jwks', jwks([ $key, 'a', 'ES256' ]), 1) . qq{"\n});
});
for my $restart (1 .. 3) {
    $api->httpd->graceful;
    $api->send_text('alice:jwt', 'bob', 'x');
}
my ($httpd, $parent) = ($api->httpd, $api->httpd->pid);
$api->finish;
$httpd->stop;
my %report = map { m{/of\.(\d+)$} ? ($1 => join '', readline_all($_)) : () } glob $httpd->dir . '/reports/*';
cmp_ok scalar keys %report, '>=', 4, 'children have an account of what is passed over';
like join('', values %report), qr/apr_allocator_create/, 'it says what';
unlike $report{$parent} // '', qr/flixim_/, 'in the parent there is nothing of ours';

sub readline_all {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    return <$file>;
}

# A test that asks for a fault, then ends well.
my $test = <<'PERL';
use FlixIM::Test::Httpd;
use FlixIM::Test::Wire;
use Test::More tests => 1;
my $httpd = FlixIM::Test::Httpd->start();
my $wire = FlixIM::Test::Wire->new($httpd->port);
$wire->send("GET /api/v1/health?fault=$ARGV[0] HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
$wire->is_closed;
ok 1;
PERL

build_probe();
for my $case (@cases) {
    my ($fault, $says, $ends) = @$case;
    my ($status, $output) = FlixIM::Test::Cluster::capture_all($^X, '-w', "-I$Bin/../lib", '-e', $test, $fault);
    is $status, $ends, "$fault: the test ends with $ends";
    like $output, $says, "$fault: and says so";
}
