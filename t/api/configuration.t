# SPDX-License-Identifier: Apache-2.0
# What is refused at start: each with one sentence that names file and line.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Token qw(write_file);
use Apache::Test qw(-withtestmore);
use File::Temp ();

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

my $long = '/' . 'x' x 107;
push @bad_values, map { [ FlixIMHandoff => $_, qr/must be Off, or paths of Unix sockets of at most 107 bytes, not "\Q$_\E"/ ] } $long;
push @bad_values, [ FlixIMHandoff => '/a /b /a', qr{has "/a" twice} ], [ FlixIMHandoff => 'x ' x 33, qr/takes Off, or 1 to 32 paths/ ], [ FlixIMHandoff => 'x ' x 100, qr/takes Off, or 1 to 32 paths/ ];
push @bad_values, map { [ FlixIMHandoffPath => $_, qr/must be a path such as \/socket, not "\Q$_\E"/ ] }
    '/', 'socket', '/socket/', '/a//b', '/a/../b', '/.hidden', '/a%20b', '/a?b', '/' . 'x' x 200;
push @bad_values, map { [ FlixIMHandoffWait => $_, qr/must be a time from 100ms to 1min .*, not "$_"/ ] } '0', '99ms', '61s', '-1', 'x';

push @bad_values, map { [ FlixIMSocketHost => $_, qr/must be the name of a host such as ws\.example\.org, not "\Q$_\E"/ ] }
    '*.example.org', 'ws.example.org.', '.example.org', 'ws..example.org', '-ws.example.org', 'ws-.example.org', '127.0.0.1', '[::1]', '::1', 'ws.example.org:443', 'https://ws.example.org',
    'b/c.example', 'x' x 64 . '.example', join('.', ('x' x 50) x 6);
push @bad_values, map { [ FlixIMSocketHost => $_, qr/has "ws\.example\.org" twice/ ] } 'ws.example.org ws.example.org', "ws.example.org\nFlixIMSocketHost WS.Example.Org";

my @good_values = (
    [ FlixIMHandoff => 'off' ], [ FlixIMHandoff => '/' . 'x' x 106 ], [ FlixIMHandoff => join ' ', map {"/run/$_"} 1 .. 32 ], [ FlixIMHandoff => 'run/one run/two' ],
    [ FlixIMHandoffPath => '/im' ], [ FlixIMHandoffPath => '/a-b/~c_d/e.F9' ], [ FlixIMHandoffWait => '100ms' ], [ FlixIMHandoffWait => '1min' ],
    [ FlixIMDatabaseConnections => 1 ], [ FlixIMDatabaseConnections => 10 ], [ FlixIMDatabaseConnections => 10000, DBDMax => 10000 ],
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
    [ 'a pattern, in other letters', "<LocationMatch \"^/api\">\nSetHandler FlixIM\n</LocationMatch>\n", qr/must be in a <Location>/ ],
    [ 'a directory', "<Directory \"/\">\nSetHandler flixim\n</Directory>\n", qr/must be in a <Location>/ ],
    [ 'no section', "SetHandler flixim\n", qr/must be in a <Location>/ ],
);

# Directives of a section, and directives of a server.
my @misplaced = (
    (map { my $line = $_; map { [ $line, $_ ] } '', '<Directory "/">', '<Files "x">' } 'FlixIMRemoteUser On',
        'FlixIMRemoteUserNamespace 6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'FlixIMAllowOrigin http://x'),
    map { [ $_, '<Location "/">' ] } 'FlixIMTokenKeyFile x', 'FlixIMTokenJWKSFile x', 'FlixIMTokenIssuer x', 'FlixIMTokenAudience x',
        'FlixIMTokenLeeway 1', 'FlixIMTokenLifetime 10', 'FlixIMRateLimit 10', 'FlixIMHandoff /x', 'FlixIMHandoffPath /x', 'FlixIMHandoffWait 1', 'FlixIMSocketHost x',
);

# What an API needs of mod_dbd, whose directives are known with and without it. A "<-" is where the fault is said to be.
my $one = 'host=/nonexistent connect_timeout=2 password=xxxx';
my $dbd = qq{DBDriver pgsql\nDBDParams "$one"\n};
my $api = qq{<Location "/api/v1">\nSetHandler flixim <-\n</Location>\n};
sub host { my ($port, @lines) = @_; return join "\n", "<VirtualHost 127.0.0.1:$port>", @lines, "</VirtualHost>\n" }
my $sizes = qr/mod_dbd needs DBDMin <= DBDKeep <= DBDMax, and DBDMax above 0: here they are/;
my $shared = qr/in virtual hosts that share a pool, as their DBD settings are the same: choose one/;
my @bad_databases = (
    [ 'no database', $api, qr/SetHandler flixim needs a database: DBDriver pgsql is missing/ ],
    [ 'a driver alone', "DBDriver pgsql\n$api", qr/SetHandler flixim needs a database: DBDParams is missing/ ],
    [ 'a database of another virtual host', host(1, $dbd) . host(2, $api), qr/SetHandler flixim needs a database: DBDriver pgsql is missing/, 2 ],
    [ 'another driver', qq{DBDriver sqlite3 <-\nDBDParams "x"\n$location}, qr/SetHandler flixim needs DBDriver pgsql, not "sqlite3"/ ],
    [ 'another driver in a virtual host', $dbd . host(1, 'DBDriver sqlite3 <-', $location), qr/SetHandler flixim needs DBDriver pgsql, not "sqlite3"/, 1 ],
    [ 'parameters that are none', qq{DBDriver pgsql\nDBDParams "password=xxxx host" <-\n$location}, qr/DBDParams is no connection string that libpq can read/ ],
    [ 'no pool', "$dbd$location\nDBDPersist off <-", qr/SetHandler flixim needs DBDPersist On: / ],
    [ 'no pool in a virtual host', "$dbd$location\n" . host(1, 'DBDPersist Off <-'), qr/SetHandler flixim needs DBDPersist On: /, 1 ],
    [ 'inherited twice', "$dbd\nDBDPersist Off <-\n" . host(1, $location) . host(2, $location), qr/SetHandler flixim needs DBDPersist On: / ],
    [ 'DBDMax below the default of DBDKeep', "${dbd}DBDMax 1 <-\n$location", qr/$sizes 1, 2 and 1/ ],
    [ 'DBDMax below DBDKeep', "${dbd}DBDMax 4 <-\nDBDKeep 5\n$location", qr/$sizes 1, 5 and 4/ ],
    [ 'DBDKeep above the default of DBDMax', "${dbd}DBDKeep 11 <-\n$location", qr/$sizes 1, 11 and 10/ ],
    [ 'DBDMin above the default of DBDKeep', "${dbd}DBDMin 3 <-\n$location", qr/$sizes 3, 2 and 10/ ],
    [ 'DBDMax 0', "${dbd}DBDMin 0\nDBDKeep 0\nDBDMax 0 <-\n$location", qr/$sizes 0, 0 and 0/ ],
    [ 'DBDMax lowered in a virtual host', "${dbd}DBDKeep 10\n" . host(1, 'DBDMax 4 <-', $location), qr/$sizes 1, 10 and 4/, 1 ],
    [ 'DBDKeep raised in a virtual host', "${dbd}DBDMax 4\n" . host(1, 'DBDKeep 5 <-', $location), qr/$sizes 1, 5 and 4/, 1 ],
    [ 'more than the default of DBDMax', "${dbd}FlixIMDatabaseConnections 11 <-\n$location", qr/FlixIMDatabaseConnections 11 is more than DBDMax, which is 10/ ],
    [ 'more than DBDMax', "${dbd}DBDMax 4\nFlixIMDatabaseConnections 5 <-\n$location", qr/FlixIMDatabaseConnections 5 is more than DBDMax, which is 4/ ],
    [ 'more than DBDMax in a virtual host', "${dbd}FlixIMDatabaseConnections 5\n" . host(1, 'DBDMax 4 <-', $location), qr/FlixIMDatabaseConnections 5 is more than DBDMax, which is 4/, 1 ],
    [ 'a pool for hosts that disagree', "${dbd}FlixIMDatabaseConnections 5\n$location\n" . host(1, 'FlixIMDatabaseConnections 4 <-'), qr/FlixIMDatabaseConnections is 5 and 4 $shared/, 1 ],
    [ 'a pool that both describe', host(1, "$dbd$location") . host(2, "${dbd}DBDMax 10", 'FlixIMDatabaseConnections 4 <-', $location), qr/FlixIMDatabaseConnections is (?:10 and 4|4 and 10) $shared/, 2 ],
);
my @good_databases = (
    [ 'as many as DBDMax', "${dbd}DBDMax 4\nFlixIMDatabaseConnections 4\n$location" ],
    [ 'DBDMax lowered', "${dbd}DBDMax 4\n$location" ],
    [ 'all in a virtual host', host(1, $dbd, $location) ],
    [ 'numbers of their own for pools of their own', "${dbd}FlixIMDatabaseConnections 5\n$location\n" . host(1, 'DBDMax 9', 'FlixIMDatabaseConnections 4') . host(2, 'DBDParams "dbname=two connect_timeout=2"') ],
    [ 'the same for a pool of several', "$dbd$location\n" . host(1, $dbd, 'FlixIMDatabaseConnections 10') . host(2, 'DBDMax 10') ],
    [ 'whatever mod_dbd takes, without an API', "DBDriver sqlite3\nDBDPersist Off\nDBDKeep 20\nFlixIMDatabaseConnections 30\n" . host(1, $dbd, 'DBDPersist On', 'DBDKeep 2', 'FlixIMDatabaseConnections 3', $location) ],
);
my $needs = qr/FlixIMSocketHost needs FlixIMHandoff: the daemons that get the connections/;
my $twice = qr/FlixIMSocketHost ws\.example\.org is in two virtual hosts on one address/;
my @bad_socket_hosts = (
    [ 'without a daemon', "FlixIMSocketHost ws.example.org <-\n", $needs ],
    [ 'with none', "FlixIMHandoff Off\nFlixIMSocketHost ws.example.org <-\n", $needs ],
    [ 'in a virtual host that has none', "FlixIMHandoff /x\n" . host(1, 'FlixIMHandoff Off', 'FlixIMSocketHost ws.example.org <-'), $needs, 1 ],
    [ 'a name twice on an address', host(1, 'FlixIMHandoff /x', 'FlixIMSocketHost ws.example.org') . host(1, 'FlixIMHandoff /y', 'FlixIMSocketHost a.example WS.example.org <-'), $twice, 1 ],
);
my @good_socket_hosts = (
    [ 'names', "FlixIMHandoff /x\nFlixIMSocketHost ws.example.org WS2.example.org localhost a_b.xn--p1ai 1.2.example\nFlixIMSocketHost ws3.example.org\n" ],
    [ 'the longest name', "FlixIMHandoff /x\nFlixIMSocketHost " . join('.', ('x' x 63) x 4) . "\n" ],
    [ 'a daemon of the main server', "FlixIMHandoff /x\n" . host(1, 'FlixIMSocketHost ws.example.org') ],
    [ 'names of the main server', "FlixIMHandoff /x\nFlixIMSocketHost ws.example.org\n" . host(1) . host(1, 'FlixIMSocketHost ws.example.org') ],
    [ 'a name on two ports', host(1, 'FlixIMHandoff /x', 'FlixIMSocketHost ws.example.org') . host(2, 'FlixIMHandoff /y', 'FlixIMSocketHost ws.example.org') ],
);
my @bad_servers  = (@bad_databases, @bad_socket_hosts);
my @good_servers = (@good_databases, @good_socket_hosts);
my @slow_databases = (
    [ 'no connect_timeout', qq{DBDriver pgsql\nDBDParams "host=/nonexistent" <-\n$location}, 1 ],
    [ 'a connect_timeout of 0', qq{DBDriver pgsql\nDBDParams "host=/nonexistent connect_timeout=0" <-\n$location}, 1 ],
    [ 'inherited twice', qq{DBDriver pgsql\nDBDParams "host=/nonexistent" <-\n} . host(1, $location) . host(2, $location), 1 ],
    [ 'a URI with one', qq{DBDriver pgsql\nDBDParams "postgresql:///x?connect_timeout=2"\n$location}, 0 ],
    [ 'no API', qq{DBDriver pgsql\nDBDParams "host=/nonexistent"\n}, 0 ],
);
my $dir = File::Temp->newdir('flixim-conf-XXXXXXXX', TMPDIR => 1);

# Tries TEXT as a file of its own: the exit status, what httpd says, and the number of the marked line.
sub check_text {
    my ($text, %option) = @_;
    my @lines = split /\n/, $text;
    my ($marked) = grep { $lines[ $_ - 1 ] =~ s/ <-$// } 1 .. @lines;
    write_file("$dir/database.conf", join("\n", @lines, ''), 0644);
    my ($status, $output) = FlixIM::Test::Httpd->check(bare => 1, %option, extra => ($option{extra} // '') . "Include $dir/database.conf\n");
    return ($status, $output, $marked);
}

plan tests => @misplaced + 3 * @bad_values + @good_values + 2 * @bad_places + 2 + 2 + 3 * @bad_servers + 2 * @good_servers + 2 * @slow_databases + 7 + 4;

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

for my $case (@bad_servers) {
    my ($name, $text, $sentence, $host) = @$case;
    my $whose = $host ? "virtual host 127.0.0.1:$host" : 'main server';
    ($status, $output, my $line) = check_text($text);
    isnt $status, 0, "$name: refused";
    is scalar(() = $output =~ /FLX/g), 1, "$name: with one line" or diag $output;
    like $output, qr/FLX0001: \Q$dir\E\/database\.conf:$line \(\Q$whose\E\): $sentence/, "$name: where and why";
}
for my $case (@good_servers) {
    my ($name, $text) = @$case;
    ($status, $output) = check_text($text);
    is $status, 0, "$name: taken" or diag $output;
    unlike $output, qr/FLX/, "$name: without a word";
}
for my $case (@slow_databases) {
    my ($name, $text, $lines) = @$case;
    ($status, $output, my $line) = check_text($text);
    is $status, 0, "a limit to connecting, $name: taken";
    my @told = $output =~ /FLX0004: \Q$dir\E\/database\.conf:(\d+) \(main server\): DBDParams has no connect_timeout: /g;
    is "@told", $lines ? $line : '', "a limit to connecting, $name: " . ($lines ? 'a warning, once' : 'no warning');
}

# Both modules get mod_dbd's directives, whichever is loaded first; alone ours takes none of them.
chomp(my $modules = `apxs -q LIBEXECDIR`);
my $before = qq{LoadModule dbd_module "$modules/mod_dbd.so"\n};
($status, $output) = check_text("${dbd}DBDMax 4\n$location", without_dbd => 1, extra => $before);
is $status, 0, 'mod_dbd loaded last: taken' or diag $output;
($status, $output) = check_text("${dbd}DBDMax 4\nFlixIMDatabaseConnections 5 <-\n$location", without_dbd => 1, extra => $before);
like $output, qr/FLX0001: .*FlixIMDatabaseConnections 5 is more than DBDMax, which is 4/, 'mod_dbd loaded last: its settings are known';
for my $option ({}, { without_dbd => 1, extra => $before }) {
    (undef, $output) = check_text("DBDriver nonesuch\n", %$option);
    like $output, qr/nonesuch/, 'mod_dbd itself refuses a driver';
}
for my $value ('many', '4294967297') {
    (undef, $output) = check_text("${dbd}DBDMax $value\n$location");
    like $output, qr/numeric|DBDMax must be a whole number of at most 9 digits, not "$value"/, "DBDMax $value: refused";
}
unlike join('', map { (check_text($_->[1]))[1] } grep { $_->[1] =~ /xxxx/ } @bad_databases), qr/xxxx/, 'no password is told';
for my $line ('DBDriver pgsql', 'DBDParams x', 'DBDMax 4', 'DBDPersist On') {
    my ($name) = $line =~ /(\w+)/;
    (undef, $output) = check_text("$line\n", without_dbd => 1);
    like $output, qr/line 1 of \S+database\.conf:\n$name needs mod_dbd: load it as well/, "$name without mod_dbd: refused";
}
