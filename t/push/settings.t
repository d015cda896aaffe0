# SPDX-License-Identifier: Apache-2.0
# The daemon's settings: what the file and the flags may say, what is refused and how, and what a reload changes.
use strict;
use warnings FATAL => 'all';

use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Pushd;
use FlixIM::Test::Tree qw(slurp);
use FlixIM::Test::WebSocket;
use IO::Socket::SSL ();
use Test::More;

my $dir     = File::Temp->newdir('flixim-settings-XXXXXXXX', TMPDIR => 1);
my $program = ($ENV{FLIXIM_BUILD} // die "FLIXIM_BUILD must name the folder that make was run in\n") . '/flixim-pushd';

sub file {
    my ($name, $text, $mode) = @_;
    open my $file, '>', "$dir/$name" or die "$name: $!";
    print {$file} $text or die "$name: $!";
    close $file or die "$name: $!";
    chmod $mode // 0600, "$dir/$name" or die "$name: $!";
    return "$dir/$name";
}

# --check of a file with TEXT: its status and all it says.
sub check {
    my ($text, @flags) = @_;
    my ($out, $err, $status) = FlixIM::Test::Cluster::capture($program, '--check', '--config', file('conf', $text), @flags);
    return ($status, $out . $err);
}

my $key = file('key', 'k' x 32 . "\n");
my $made = system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout $dir/tls.key -out $dir/tls.pem 2>/dev/null");
is $made, 0, 'a certificate is made';
for my $curve (qw(prime256v1 secp384r1)) {
    is system("openssl ecparam -name $curve -genkey -noout -out $dir/$curve.pem && chmod 0600 $dir/$curve.pem"), 0, 'a key is made, as the manual says';
}
my $subject = 'web_push_subject = mailto:admin@example.org';

for my $good (
    [ 'nothing'                     => '' ],
    [ 'comments and empty lines'    => "# x\n\n  \t\n   # y = z\n" ],
    [ 'blanks around'               => "  idle_time   =   90s  \n" ],
    [ 'none around'                 => 'idle_time=90s' ],
    [ 'a line end of Windows'       => "idle_time = 90s\r\n" ],
    [ 'a name with hyphens'         => 'idle-time = 90s' ],
    [ 'both ends of a range'        => "idle_time = 1s\nhead_time = 10min\nframe_size = 64M\nqueue_size = 64K\n" ],
    [ 'a range end in another unit' => "idle_time = 1440min\nframe_size = 1024" ],
    [ 'nothing without a unit'      => 'drain_time = 0' ],
    [ 'a value with = and #'        => "database = host=/tmp dbname=a#b options='-c x=1'" ],
    [ 'a list'                      => "allow_origins = https://a.example.org  //*.b.example.org\t//c:8080" ],
    [ 'all origins'                 => 'allow_origins = *' ],
    [ 'an empty text'               => 'token_issuer =' ],
    [ 'addresses'                   => "listen_tcp = 127.0.0.1:4001\nlisten_unix =" ],
    [ 'no hand-offs'             => 'listen_handoff =' ],
    [ 'hand-offs'                => 'listen_handoff = /run/flixim/1/handoff.sock' ],
    [ 'an address of IPv6'          => 'listen_tcp = [::1]:4001' ],
    [ 'a key'                       => "token_key_file = $key" ],
    [ 'TLS'                         => "listen_tls = 127.0.0.1:4443\ntls_certificate_file = $dir/tls.pem\ntls_key_file = $dir/tls.key" ],
    [ 'Web Push'                    => "web_push_key_file = $dir/prime256v1.pem\n$subject" ],
    [ 'every setting at its default' => join '', slurp('conf/pushd.conf') =~ /^#((?!allow|listen|tls|token|apns_[kt]|fcm_key|provider_ca|web_push_[ks]|webhook)\w+ = .*\n)/mg ],
) {
    my ($status, $output) = check($good->[1]);
    is $status, 0, "$good->[0]: taken" or diag $output;
    is $output, "ok\n", 'and said so';
}

for my $bad (
    [ 'an unknown name'       => "# x\n\nidle_tme = 90s\n", qr/conf:3: there is no setting 'idle_tme'/ ],
    [ 'the same twice'        => "idle_time = 90s\nidle_time = 90s\n", qr/conf:2: idle_time is said twice/ ],
    [ 'no value'              => "idle_time\n", qr/conf:1: idle_time needs '=' and a value/ ],
    [ 'blanks for ='          => "idle_time 90s\n", qr/conf:1: idle_time needs '=' and a value/ ],
    [ 'an empty time'         => "idle_time =\n", qr/conf:1: idle_time must be a number with ms, s, min or h, from 1s to 24h, not ''/ ],
    [ 'no unit'               => 'idle_time = 90', qr/idle_time must be a number with/ ],
    [ 'another unit'          => 'idle_time = 90m', qr/idle_time must be a number with/ ],
    [ 'a unit of sizes'       => 'idle_time = 90K', qr/idle_time must be a number with/ ],
    [ 'a blank before a unit' => 'idle_time = 90 s', qr/idle_time must be a number with/ ],
    [ 'below the range'       => 'idle_time = 999ms', qr/from 1s to 24h, not '999ms'/ ],
    [ 'above the range'       => 'idle_time = 25h', qr/from 1s to 24h, not '25h'/ ],
    [ 'a sign'                => 'connections = +5', qr/connections must be a whole number, from 1 to 1000000, not '\+5'/ ],
    [ 'a minus'               => 'connections = -5', qr/connections must be a whole number/ ],
    [ 'a fraction'            => 'connections = 1.5', qr/connections must be a whole number/ ],
    [ 'hexadecimal'           => 'connections = 0x10', qr/connections must be a whole number/ ],
    [ 'far too large'         => 'connections = 99999999999999999999', qr/connections must be a whole number/ ],
    [ 'a size with a B'       => 'frame_size = 1MB', qr/frame_size must be a number of bytes, or one with K or M, from 1K to 64M, not '1MB'/ ],
    [ 'a switch that is yes'  => 'strict_channels = yes', qr/strict_channels must be on or off, not 'yes'/ ],
    [ 'no level'              => 'log_level = trace', qr/log_level must be error, warning, info or debug/ ],
    [ 'a relative file'       => 'token_key_file = token.key', qr/token_key_file must be an absolute path/ ],
    [ 'a quoted path'         => 'path = "/socket"', qr/path must be a path such as/ ],
    [ 'a path with a slash'   => 'path = /socket/', qr/path must be a path such as/ ],
    [ 'no path'               => 'path = /', qr/path must be a path such as/ ],
    [ 'an origin with a path' => 'allow_origins = https://a/b', qr/allow_origins must be a list of origins/ ],
    [ 'a host for an origin'  => 'allow_origins = //a b.example.org', qr/allow_origins must be a list of origins/ ],
    [ 'a port alone'          => 'listen_tcp = 4001', qr/listen_tcp must be address:port/ ],
    [ 'a large port'          => 'listen_tcp = 127.0.0.1:65536', qr/listen_tcp must be address:port/ ],
    [ 'a NUL'                 => "idle_time = 90s\0\n", qr/conf:1: there is a NUL/ ],
    [ 'nobody listens'        => 'listen_unix =', qr/one of listen_unix, listen_tcp and listen_tls is needed/ ],
    [ 'a long socket path'    => 'listen_unix = /' . 'x' x 107, qr/listen_unix is longer than 107 bytes/ ],
    [ 'a long one for hand-offs' => 'listen_handoff = /' . 'x' x 107, qr/listen_handoff is longer than 107 bytes/ ],
    [ 'one socket for both'   => 'listen_handoff = /run/flixim/pushd.sock', qr/listen_handoff and listen_unix are two sockets/ ],
    [ 'a relative one'        => 'listen_handoff = handoff.sock', qr/listen_handoff must be an absolute path/ ],
    [ 'TLS without a certificate' => 'listen_tls = 127.0.0.1:4443', qr/listen_tls needs tls_certificate_file and tls_key_file/ ],
    [ 'half of a certificate' => "tls_certificate_file = $dir/tls.pem", qr/belong together/ ],
    [ 'no certificate there'  => "tls_certificate_file = $dir/no.pem\ntls_key_file = $dir/tls.key", qr/no\.pem/ ],
    [ 'the wrong key'         => "tls_certificate_file = $dir/tls.pem\ntls_key_file = $key", qr/key/ ],
    [ 'a small burst'         => 'push_burst = 49', qr/push_burst must not be less than pushes_per_second/ ],
    [ 'APNs without its ids'  => "apns_key_file = $key", qr/apns_key_file needs apns_key_id and apns_team_id, of 10 characters/ ],
    [ 'Web Push for nobody'   => "web_push_key_file = $key", qr/web_push_key_file needs web_push_subject, a mailto: or https: URL/ ],
    [ 'another curve'         => "web_push_key_file = $dir/secp384r1.pem\n$subject", qr/web_push_key_file "\S+": holds no key of the curve P-256/ ],
    [ 'no private key in it'  => 'web_push_key_file = ' . file('no_key', "-----BEGIN PUBLIC KEY-----\n") . "\n$subject", qr/web_push_key_file "\S+": holds no private key/ ],
    [ 'a private key for all' => 'web_push_key_file = ' . file('for_all', "-----BEGIN PRIVATE KEY-----\n", 0644) . "\n$subject", qr/web_push_key_file "\S+": has a mode that lets others/ ],
    [ 'a subject with a name' => "web_push_key_file = $dir/prime256v1.pem\nweb_push_subject = mailto:Admin <admin\@example.org>", qr/web_push_subject is no URL/ ],
    [ 'half of a webhook'     => "webhook_key_file = $key", qr/webhook_key_file and webhook_url belong together/ ],
    [ 'the other half'        => 'webhook_url = https://push.example.org', qr/webhook_key_file and webhook_url belong together/ ],
    [ 'an http: URL'          => 'webhook_url = http://push.example.org', qr/webhook_url must be an https: URL, or an http: one of this machine/ ],
    [ 'a URL for a host'      => 'web_push_hosts = https://push.example.org', qr/web_push_hosts must be a list of hosts/ ],
    [ 'a strange database'    => 'database = host=/tmp passwort=geheim', qr/database is no connection string/ ],
    [ 'no key there'          => "token_key_file = $dir/none", qr/none/ ],
    [ 'a short key'           => 'token_key_file = ' . file('short', 'x' x 31), qr/short/ ],
    [ 'a key for all to read' => 'token_key_file = ' . file('open', 'x' x 32, 0644), qr/open/ ],
    [ 'a strange JWKS file'   => 'token_jwks_file = ' . file('jwks', '{}'), qr/jwks/ ],
) {
    my ($name, $text, $sentence) = @$bad;
    my ($status, $output) = check($text);
    isnt $status, 0, "$name: refused";
    like $output, qr/\Aflixim-pushd: [^\n]*$sentence[^\n]*\n\z/, 'in one sentence';
    unlike $output, qr/geheim|xxxxxxxxxxxxxxxxx[^\n]{100}/, 'that tells no secrets';
}

# Flags.
my ($status, $output) = check('idle_time = 90s', '--idle-time=80s', '--idle_time=70s');
isnt $status, 0, 'a flag twice is refused';
like $output, qr/--idle_time is said twice/, 'in a sentence';
for my $bad ([ '--idle-time' => qr/needs '='/ ], [ '--idle-time=x' => qr/--idle_time must be/ ], [ '--no-such=1' => qr/there is no flag '--no-such'/ ], [ 'idle' => qr/there is no flag 'idle'/ ]) {
    ($status, $output) = check('', $bad->[0]);
    isnt $status, 0, "$bad->[0]: refused";
    like $output, $bad->[1], 'in a sentence';
}
(undef, $output) = check('', '--idle-time=90s', '--path=/x');
is $output, "ok\n", 'flags are taken';
my (undef, $err, $end) = FlixIM::Test::Cluster::capture($program, '--check', "--config=$dir/nowhere");
isnt $end, 0, 'a file that is not there is refused';
like $err, qr/cannot read '\Q$dir\E\/nowhere'/, 'in a sentence';
my ($out) = FlixIM::Test::Cluster::capture($program, '--version');
like $out, qr/\Aflixim-pushd \d+\.\d+\.\d+\n\z/, '--version';
($out) = FlixIM::Test::Cluster::capture($program, '--help');
like $out, qr/\Ausage: flixim-pushd /, '--help';

# A reload: what changes, what stays, and what comes of a file that is no good.
my $pushd = FlixIM::Test::Pushd->start(cluster => FlixIM::Test::Cluster->start, settings => { token_key_file => $key });
my $since = sub {
    my ($act) = @_;
    my $before = length $pushd->log;
    $act->();
    $pushd->reload;
    return substr $pushd->log, $before;
};
like $since->(sub { $pushd->configure(connections => 77) }), qr/info: FLX1309/, 'a reload says that it has happened';
my $log = $since->(sub { $pushd->configure(database_readers => 3, listen_tcp => '127.0.0.1:1', idle_time => '50s') });
like $log, qr/FLX1308: these need a restart to change: database_readers, listen_tcp$/m, 'and what takes a restart';
like $log, qr/FLX1309/, 'the rest changes';
$log = $since->(sub { $pushd->configure(idle_time => 'x') });
like $log, qr/error: FLX1305: settings not reloaded, the old ones stay: .*idle_time must be/, 'a bad file is refused as at the start';
unlike $log, qr/FLX1309/, 'and changes nothing';
is $pushd->get('/health')->status, 200, 'the daemon goes on';
chmod 0644, $key;
like $since->(sub { $pushd->configure(idle_time => '60s') }), qr/FLX1305: .*key/, 'so is a key that all can read';
chmod 0600, $key;
like $since->(sub { }), qr/FLX1309/, 'and then all is well again';
$pushd->stop;

# TLS: a new certificate is for new connections, the old ones live on; also when it has changed often.
my $tls_port = FlixIM::Test::Pushd::free_port();
$pushd->configure(listen_tls => "127.0.0.1:$tls_port", tls_certificate_file => "$dir/tls.pem", tls_key_file => "$dir/tls.key");
$pushd->up;
my $connect = sub {
    my $client = FlixIM::Test::WebSocket->open(port => $tls_port, path => '/socket/websocket?vsn=2.0.0', tls => { SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE() });
    return ($client, $client->{socket}->get_fingerprint);
};
my ($old, $old_print) = $connect->();
my $answers = sub {
    my ($client) = @_;
    $client->send_text('[null,"1","phoenix","heartbeat",{}]');
    return $client->next_text(5) // '';
};
is system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 3 -keyout $dir/tls.key -out $dir/tls.pem 2>/dev/null"), 0, 'another certificate';
like $since->(sub { }) =~ s/.*(FLX1309).*/$1/sr, qr/FLX1309/, 'is read by a reload';
my ($new, $new_print) = $connect->();
isnt $new_print, $old_print, 'and shown to whoever connects now';
like $answers->($_), qr/"ok"/, 'connections work' for $old, $new;
for (1 .. 150) {
    my $length = length $pushd->log;
    kill 'HUP', $pushd->pid;
    $pushd->wait_for('a reload', sub { substr($pushd->log, $length) =~ /FLX1309/ });
}
is((($connect->())[1]), $new_print, 'after many reloads it is still there');
like $answers->($_), qr/"ok"/, 'connections work' for $old, $new;
file('tls.pem', 'no certificate');
like $since->(sub { }), qr/FLX1305: [^\n]*tls\.pem/, 'one that is no good is refused';
is((($connect->())[1]), $new_print, 'and the one before it stays');
$pushd->stop;

done_testing;
