# SPDX-License-Identifier: Apache-2.0
# Which key files are taken at start, and how the others are refused: by virtual host, file and line.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Httpd;
use FlixIM::Test::Token qw(rsa_key jwks write_file);
use File::Temp ();
use Test::More;

my $dir = File::Temp->newdir('flixim-keys-XXXXXXXX', TMPDIR => 1);
my $key = rsa_key('one');
my $private = { %$key, jwk => { %{ $key->{jwk} }, d => 'AQAB' } };
mkdir "$dir/folder" or die "mkdir: $!";
my $count = 0;

sub file {
    my ($text, $mode) = @_;
    return write_file("$dir/" . $count++, $text, $mode);
}

# name, directive, path, the sentence that refuses it (none: it is taken)
my @cases = (
    [ 'a secret',               FlixIMTokenKeyFile  => file("x" x 32,        0600) ],
    [ 'with a line end',        FlixIMTokenKeyFile  => file("x" x 32 . "\n", 0400) ],
    [ 'for a group as well',    FlixIMTokenKeyFile  => file("x" x 32,        0640) ],
    [ 'binary',                 FlixIMTokenKeyFile  => file("\0\n" x 16,     0600), qr/32 bytes/ ],
    [ 'a long one',             FlixIMTokenKeyFile  => file('x' x 4096,      0600) ],
    [ '31 bytes',               FlixIMTokenKeyFile  => file('x' x 31 . "\n", 0600), qr/32 bytes/ ],
    [ 'nothing',                FlixIMTokenKeyFile  => file('',              0600), qr/32 bytes/ ],
    [ 'too long',               FlixIMTokenKeyFile  => file('x' x 4097,      0600), qr/is too long/ ],
    [ 'readable by others',     FlixIMTokenKeyFile  => file('x' x 32,        0644), qr/has mode 0644, which lets others read, write or run it/ ],
    [ 'writable by others',     FlixIMTokenKeyFile  => file('x' x 32,        0602), qr/has mode 0602, which lets others/ ],
    [ 'runnable by others',     FlixIMTokenKeyFile  => file('x' x 32,        0601), qr/has mode 0601, which lets others/ ],
    [ 'not there',              FlixIMTokenKeyFile  => "$dir/none",                 qr/cannot be read: No such file/ ],
    [ 'a folder',               FlixIMTokenKeyFile  => "$dir/folder",               qr/is not a file/ ],
    [ 'a set',                  FlixIMTokenJWKSFile => file(jwks($key), 0644) ],
    [ 'no JSON',                FlixIMTokenJWKSFile => file('x', 0644),             qr/\w/ ],
    [ 'an empty set',           FlixIMTokenJWKSFile => file(jwks(), 0644),          qr/\w/ ],
    [ 'a private key',          FlixIMTokenJWKSFile => file(jwks($private), 0644),  qr/private/ ],
    [ 'a kid twice',            FlixIMTokenJWKSFile => file(jwks($key, $key), 0644), qr/kid/ ],
    [ 'too long',               FlixIMTokenJWKSFile => file(' ' x 65537, 0644),     qr/is too long/ ],
    [ 'writable by others',     FlixIMTokenJWKSFile => file(jwks($key), 0646),      qr/has mode 0646, which lets others write it/ ],
    [ 'not there',              FlixIMTokenJWKSFile => "$dir/none",                 qr/cannot be read: No such file/ ],
);

for my $case (@cases) {
    my ($name, $directive, $path, $sentence) = @$case;
    my ($status, $output) = FlixIM::Test::Httpd->check(settings => { $directive => $path });
    if (!$sentence) {
        is $status, 0, "$directive, $name: taken" or diag $output;
        next;
    }
    isnt $status, 0, "$directive, $name: refused";
    my @lines = grep {/FLX/} split /\n/, $output;
    is scalar @lines, 1, "$directive, $name: one line";
    like $lines[0], qr/FLX0001: \S+httpd\.conf:\d+ \(main server\): $directive "\Q$path\E": .*$sentence/, "$directive, $name: where and why";
    unlike $output, qr/xxxx/, "$directive, $name: without what is in it";
}

# In a virtual host, and a path that begins at ServerRoot.
my ($status, $output) = FlixIM::Test::Httpd->check(vhosts => [ { settings => { FlixIMTokenKeyFile => 'conf/none' } } ]);
isnt $status, 0, 'in a virtual host: refused';
like $output, qr{FLX0001: \S+:\d+ \(virtual host \S+:\d+\): FlixIMTokenKeyFile "/\S+/conf/none": cannot be read}, 'which is named';
is scalar(() = $output =~ /FLX0001/g), 1, 'once';

# One that is inherited is looked at once, where it stands.
(undef, $output) = FlixIM::Test::Httpd->check(settings => { FlixIMTokenKeyFile => "$dir/none" }, vhosts => [ ({ settings => {} }) x 2 ]);
is scalar(() = $output =~ /FLX0001/g), 1, 'inherited: refused once';

done_testing;
