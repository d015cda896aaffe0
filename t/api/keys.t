# SPDX-License-Identifier: Apache-2.0
# Which keys a JWT may be signed with: by virtual host, and as the JWKS file changes under way.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Token qw(hs256 rs256 rsa_key jwks write_file);
use File::Temp     ();
use HTTP::Request  ();
use JSON::PP       qw(decode_json);
use LWP::UserAgent ();
use Test::More;
use Time::HiRes qw(sleep);

my $dir = File::Temp->newdir('flixim-keys-XXXXXXXX', TMPDIR => 1);
chmod 0755, $dir or die "chmod: $!";
my ($secret, $other) = ('0123456789abcdefSecretOne0123456', "SecretTwo\0\1\2\r and so on, 32 bytes and more");
my @key  = map { rsa_key($_) } qw(one two);
my $jwks = "$dir/jwks";
write_file("$dir/key",   "$secret\n", 0600);
write_file("$dir/other", "$other\r\n", 0600);
write_file($jwks, jwks($key[0]), 0644);

my $cluster = FlixIM::Test::Cluster->start;
my $httpd   = FlixIM::Test::Httpd->start(
    cluster  => $cluster,
    settings => { FlixIMTokenKeyFile => "$dir/key", FlixIMTokenJWKSFile => $jwks },
    vhosts   => [
        { settings => {} },
        { settings => { FlixIMTokenKeyFile => "$dir/other", FlixIMTokenIssuer => 'https://issuer.example', FlixIMTokenAudience => 'flixim', FlixIMTokenLeeway => '1min', FlixIMTokenLifetime => '10s' } },
    ],
    extra => "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25\nLogLevel flixim:debug\n",
);
my ($main, $inheriting, $own) = (0, 1, 2);
my $user  = '11111111-1111-4111-8111-111111111111';
my $agent = LWP::UserAgent->new;

sub get {
    my ($host, $path, $token) = @_;
    return $agent->request(HTTP::Request->new('GET', $httpd->url($host) . "/api/v1$path", [ Authorization => "Bearer $token" ]));
}
sub status { return get($_[0], '/messages/unread_count', $_[1])->code }
sub claims { return { sub => $user, exp => time + 60, @_ } }

# Waits, five seconds at most, until a token is answered with a status.
sub becomes {
    my ($status, $token, $name) = @_;
    my $got;
    for (1 .. 100) {
        $got = status($main, $token);
        last if $got == $status;
        sleep 0.05;
    }
    return is $got, $status, $name;
}
sub lines { return scalar(() = $httpd->log =~ /$_[0]/g) }

# The secret, and whose it is.
my $token = hs256($secret, claims());
is status($main,       $token), 200, 'HS256 with the secret, whose line end does not count';
is status($inheriting, $token), 200, 'a virtual host without keys has those of the main server';
is status($own,        $token), 401, 'one with a key of its own has not';
is status($main, hs256("$secret\n", claims())), 401, 'the line end is no part of it';
is status($main, hs256($other, claims())), 401, 'another secret';
is status($main, hs256($secret, claims(exp => time - 31))), 401, 'over, by more than the 30 s of leeway';
is status($main, hs256($secret, claims(exp => time - 20))), 200, 'over, within them';

my @rules = (iss => 'https://issuer.example', aud => 'flixim');
is status($own, hs256($other, claims(@rules))), 200, 'issuer and audience as they should be';
is status($own, hs256($other, claims(@rules, exp => time - 50))), 200, 'and a leeway of its own';
is status($own, hs256($other, claims(@rules, iss => 'https://else.example'))), 401, 'another issuer';
is status($own, hs256($other, claims(@rules, aud => ['other']))), 401, 'another audience';
is status($own, hs256($other, claims())), 401, 'neither';
is status($own, rs256($key[0], claims(@rules))), 401, "the main server's JWKS file is not that of a host with keys of its own";

# Tokens that GET /token makes are tokens of the host.
my $made = get($own, '/token', hs256($other, claims(@rules)));
is $made->code, 200, 'GET /token' or diag $made->content;
is status($own, decode_json($made->content)->{data}{token}), 200, 'its token is valid there';
is status($main, decode_json($made->content)->{data}{token}), 401, 'and nowhere else';

# The JWKS file changes.
my ($one, $two) = map { rs256($_, claims()) } @key;
is status($main, $one), 200, 'RS256 with a key of the set';
is status($main, $two), 401, 'with another key';
is status($inheriting, $one), 200, 'in a virtual host that inherits it';
write_file($jwks, jwks(@key), 0644);
becomes(200, $two, 'a key is added');
is status($main, $one), 200, 'the first one is still good';
is status($inheriting, $two), 200, 'the same where the file is inherited';
write_file($jwks, jwks($key[1]), 0644);
becomes(401, $one, 'the first one is taken away');
is status($main, $two), 200, 'the second stays';
is lines('FLX0303'), 2, 'a line in the log for each';
is lines('FLX0302'), 0, 'and no complaint';

sub stays {
    my ($name, $sentence) = @_;
    for (1 .. 100) {
        is(status($main, $two), 200, "$name: the keys stay") or last;
        last if lines($sentence);
        sleep 0.05;
    }
    sleep 1.2;    # another look
    is status($main, $two), 200, "$name: they still do";
    is lines($sentence), 1, "$name: one line in the log";
    return;
}
write_file($jwks, '{"keys":[', 0644);
stays('a broken set', qr/FLX0302: FlixIMTokenJWKSFile "\Q$jwks\E": .*; the keys read before stay/);
write_file($jwks, jwks(@key), 0666);
stays('a file that others may write', qr/FLX0302: .*lets others write it/);
unlink $jwks or die "unlink: $!";
stays('no file', qr/FLX0302: .*No such file/);
if ($> == 0) {
    write_file($jwks, jwks(@key), 0600);
    stays("a file that httpd's user cannot read", qr/FLX0302: .*Permission denied/);
    chmod 0644, $jwks or die "chmod: $!";
}
else {
    write_file($jwks, jwks(@key), 0644);
}
becomes(200, $one, 'a good file again');

# Under load, with a set that changes all the time: nobody who has a token of a key that stays is refused.
my @clients = map {
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        my $refused = 0;
        for (my $end = time + 4; time < $end;) { $refused ||= status($main, $two) != 200 }
        require POSIX;
        POSIX::_exit($refused);
    }
    $pid;
} 1 .. 4;
my $before = lines('FLX0303');
for (my ($end, $i) = (time + 4, 0); time < $end; $i++) {
    write_file($jwks, jwks($i % 2 ? $key[1] : @key), 0644);
    sleep 0.05;
}
waitpid($_, 0), is $?, 0, "client $_ was never refused" for @clients;
cmp_ok lines('FLX0303') - $before, '>=', 2, 'and the set did change';
write_file($jwks, jwks(@key), 0644);

# A restart reads the secret anew as well.
write_file("$dir/key", "$other\n", 0600);
is status($main, $token), 200, 'the secret stays until a restart';
$httpd->graceful;
becomes(200, hs256($other, claims()), 'then it is the new one');
is status($main, $token), 401, 'and no longer the old one';

unlike $httpd->log, qr/Secret(?:One|Two)|\Q$token\E|\Q$one\E/, 'neither secrets nor tokens in the log';
unlike $httpd->log, qr/exit signal/, 'no child died';

done_testing;
