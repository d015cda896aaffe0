# SPDX-License-Identifier: Apache-2.0
# What is refused at start: each with one sentence that names file and line.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use Apache::Test qw(-withtestmore);

my @bad_values;
push @bad_values, map { [ FlixIMDatabaseConnections => $_, qr/must be a whole number from 1 to 10000, not "\Q$_\E"/ ] }
    '0', '-1', '+1', '10001', '12abc', '1.5', '0x10', '99999999999999999999', 'many';
push @bad_values, map { [ FlixIMDatabaseTimeout => $_, qr/must be a time from 100ms to 1h .*, not "\Q$_\E"/ ] }
    '0', '99ms', '5seconds', '1msec', '-1', '2h', '1.5s', 's', '99999999999999999999', 'soon';
push @bad_values, map { [ FlixIMDatabaseWait => $_, qr/must be a time from 0ms to 1h .*, not "\Q$_\E"/ ] } '-1', '3601', '1d', 'x';
push @bad_values, map { [ FlixIMTokenLeeway => $_, qr/must be a time from 1s to 10min .*, not "\Q$_\E"/ ] } '-1', '0', '601', '11min', 'x';
push @bad_values, map { [ FlixIMTokenLifetime => $_, qr/must be a time from 10s to 1h .*, not "\Q$_\E"/ ] } '9999ms', '0', '2h', 'x';
push @bad_values, map { [ $_ => '""', qr/takes one argument/ ], [ $_ => 'x' x 1001, qr/must be at most 1000 bytes of UTF-8/ ], [ $_ => "\xff", qr/must be at most 1000 bytes of UTF-8/ ] }
    qw(FlixIMTokenIssuer FlixIMTokenAudience);
push @bad_values, map { [ $_ => '""', qr/takes one argument/ ] } qw(FlixIMTokenKeyFile FlixIMTokenJWKSFile);
push @bad_values, map { [ FlixIMRateLimit => $_, qr/must be off, or a whole number of requests from 1 to 1000000 and a time/ ] } '0', '-1', 'on', '1000001', '10x', '1.5';
push @bad_values, map { [ FlixIMRateLimit => "10 $_", qr/must be a time from 1s to 1h .*, not "\Q$_\E"/ ] } '0', '999ms', '61min', 'x';
push @bad_values, [ FlixIMRemoteUser => 'Perhaps', qr/must be On or Off/ ];
push @bad_values, map { [ FlixIMRemoteUserNamespace => $_, qr/must be a UUID, not "\Q$_\E"/ ] }
    'x', '6ba7b8119dad11d180b400c04fd430c8', '{6ba7b811-9dad-11d1-80b4-00c04fd430c8}', '6ba7b811-9dad-11d1-80b4-00c04fd430c8x';
push @bad_values, [ FlixIMAllowOrigin => '*', qr/takes no "\*"/ ], [ FlixIMAllowOrigin => 'https://a.example *', qr/takes no "\*"/ ];
push @bad_values, map { [ FlixIMAllowOrigin => $_, qr/must be an origin .*, not "\Q$_\E"/ ] }
    'null', 'www.example.org', 'https://', 'https://*.example.org', 'https://www.example.org/', 'https://www.example.org/x', 'https://u@www.example.org',
    'https://www.example.org:', 'https://www.example.org:0', 'https://www.example.org:65536', 'https://www.example.org:x', 'https://a b'=~s/ /%20/r,
    'ht_tp://x', '1http://x', '://x', 'https://[::1', 'https://[]:1x', 'https://a,https://b';

my @good_values = (
    [ FlixIMDatabaseConnections => 1 ], [ FlixIMDatabaseConnections => 10000 ],
    [ FlixIMDatabaseTimeout => '100ms' ], [ FlixIMDatabaseTimeout => '5' ], [ FlixIMDatabaseTimeout => '5S' ],
    [ FlixIMDatabaseTimeout => '1h' ], [ FlixIMDatabaseTimeout => '2mi' ], [ FlixIMDatabaseTimeout => '2min' ],
    [ FlixIMDatabaseWait => '0' ], [ FlixIMDatabaseWait => '0ms' ],
    [ FlixIMTokenLeeway => '1s' ], [ FlixIMTokenLeeway => '10min' ], [ FlixIMTokenLifetime => '10s' ], [ FlixIMTokenLifetime => '1h' ],
    [ FlixIMRateLimit => 'off' ], [ FlixIMRateLimit => '1' ], [ FlixIMRateLimit => '1000000 1h' ],
    [ FlixIMTokenIssuer => 'https://login.example.org' ], [ FlixIMTokenAudience => '"飞讯 chat"' ],
    [ FlixIMRemoteUser => 'on' ], [ FlixIMRemoteUserNamespace => '6BA7B811-9dad-11d1-80b4-00c04fd430c8' ],
    [ FlixIMAllowOrigin => 'https://www.example.org HTTP://LOCALHOST:3000 capacitor://localhost http://[::1]:8080 https://xn--p1ai' ],
);

my $location = '<Location "/api/v1">' . "\nSetHandler flixim\n</Location>";
my @bad_places = (
    [ 'a pattern', "<LocationMatch \"^/api\">\nSetHandler flixim\n</LocationMatch>\n", qr/must be in a <Location>/ ],
    [ 'a regular expression', "<Location ~ \"^/api\">\nSetHandler flixim\n</Location>\n", qr/must be in a <Location> with a plain path, not a pattern/ ],
    [ 'a wildcard', "<Location \"/api/*\">\nSetHandler flixim\n</Location>\n", qr/must be in a <Location> with a plain path, not a pattern/ ],
    [ 'a directory', "<Directory \"/\">\nSetHandler flixim\n</Directory>\n", qr/must be in a <Location>/ ],
    [ 'no section', "SetHandler flixim\n", qr/must be in a <Location>/ ],
);

# Directives of a section, and directives of a server.
my @misplaced = (
    (map { my $line = $_; map { [ $line, $_ ] } '', '<Directory "/">', '<Files "x">' } 'FlixIMRemoteUser On',
        'FlixIMRemoteUserNamespace 6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'FlixIMAllowOrigin http://x'),
    map { [ $_, '<Location "/">' ] } 'FlixIMTokenKeyFile x', 'FlixIMTokenJWKSFile x', 'FlixIMTokenIssuer x', 'FlixIMTokenAudience x',
        'FlixIMTokenLeeway 1', 'FlixIMTokenLifetime 10', 'FlixIMRateLimit 10',
);

plan tests => @misplaced + 3 * @bad_values + @good_values + 2 * @bad_places + 2 + 2;

for my $case (@bad_values) {
    my ($name, $value, $sentence) = @$case;
    my ($status, $output) = FlixIM::Test::Httpd->check(settings => { $name => $value });
    isnt $status, 0, "$name $value is refused";
    like $output, qr/line \d+ of \S+httpd\.conf:\n$name $sentence/, "$name $value: where and why";
    is scalar(() = $output =~ /\n/g), 2, "$name $value: nothing else";
}
for my $case (@good_values) {
    my ($status, $output) = FlixIM::Test::Httpd->check(settings => {@$case});
    is $status, 0, "@$case is taken" or diag $output;
}
for my $case (@misplaced) {
    my ($line, $section) = @$case;
    my $end = $section =~ /<(\w+)/ ? "</$1>" : '';
    my ($name) = $line =~ /(\w+)/;
    my (undef, $output) = FlixIM::Test::Httpd->check(bare => 1, extra => "$section\n$line\n$end\n");
    like $output, qr/line \d+ of \S+httpd\.conf:\n$name (?:not allowed|cannot occur)/, "$name in '$section' is refused";
}
for my $case (@bad_places) {
    my ($name, $extra, $sentence) = @$case;
    my ($status, $output) = FlixIM::Test::Httpd->check(bare => 1, extra => $extra);
    isnt $status, 0, "SetHandler in $name is refused";
    like $output, qr/FLX0001: \S+httpd\.conf:\d+ \(main server\): SetHandler flixim $sentence/, "$name: where and why";
}

my ($status, $output) = FlixIM::Test::Httpd->check(bare => 1, without_dbd => 1, extra => $location);
isnt $status, 0, 'without mod_dbd: refused';
like $output, qr/FLX0001: \S+:\d+ \(main server\): SetHandler flixim needs mod_dbd/, 'and says so';

($status, $output) = FlixIM::Test::Httpd->check(
    bare => 1, without_dbd => 1, extra => "<VirtualHost 127.0.0.1:1>\n$location\n</VirtualHost>",
);
isnt $status, 0, 'in a virtual host: refused';
like $output, qr/FLX0001: \S+:\d+ \(virtual host 127\.0\.0\.1:1\): /, 'which is named';
