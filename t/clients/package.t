# SPDX-License-Identifier: Apache-2.0
# clients/js as a package: what npm would publish, unpacked into an empty folder, runs its README's example and the seed's code.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use File::Path qw(make_path);
use File::Temp ();
use JSON::PP   ();
use Test::More;

use FlixIM::Test::Api;
use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Pushd;

my $npm = clients();
my $dir = File::Temp->newdir('flixim-package-XXXXXXXX', TMPDIR => 1);

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!";
    local $/ = undef;
    return scalar <$file>;
}

sub spew {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print {$file} $text or die "$path: $!";
    close $file or die "$path: $!";
    return;
}

# The tarball, and what is in it.
my $packed = JSON::PP->new->decode(scalar `cd '$dir' && npm pack --json --silent '$npm/../../clients/js'`)->[0];
is_deeply [ sort map { $_->{path} } @{ $packed->{files} } ],
    [qw(LICENSE README.md flixim.d.ts flixim.js model.d.ts model.js outbox.js package.json platform.js request.js)], 'npm pack takes what it should';
make_path("$dir/node_modules/flixim");
is system('tar', '-xzf', "$dir/$packed->{filename}", '--strip-components=1', '-C', "$dir/node_modules/flixim"), 0, 'it unpacks';
symlink "$npm/node_modules/phoenix18", "$dir/node_modules/phoenix" or die "symlink: $!";
symlink "$npm/node_modules/ws",        "$dir/node_modules/ws"      or die "symlink: $!";
is slurp("$dir/node_modules/flixim/LICENSE"), slurp("$Bin/../../LICENSE"), 'its licence is the project\'s';

# Types and code name the same things.
for my $name (qw(flixim model)) {
    my ($code, $types) = map { slurp("$dir/node_modules/flixim/$name.$_") } qw(js d.ts);
    my $class = $name eq 'flixim' ? 'FlixIM' : 'Model';
    my ($body)     = $code  =~ /^export class $class \{\n(.*?)^\}/ms;
    my ($declared) = $types =~ /^export class $class \{\n(.*?)^\}/ms;
    my %written = map { $_ => 1 } $body =~ /^  (?:async |get )?([a-z]\w*)\(/mg;
    my %promised = map { $_ => 1 } $declared =~ /^  ([a-z]\w*)(?:<[^>]*>)?\(/mg;
    delete @$_{qw(unread)} for \%written;
    is_deeply [ sort keys %written ], [ sort keys %promised ], "$class: methods and their types";
}

my $pushd;
my $api = FlixIM::Test::Api->start(
    modules => [qw(headers proxy proxy_http)],
    with    => sub {
        my ($half) = @_;
        $half->write_file('secret', $half->secret);
        $pushd = FlixIM::Test::Pushd->start(api => $half);
        return (pushd => 'http://127.0.0.1:' . $pushd->port);
    },
);

my ($example) = slurp("$dir/node_modules/flixim/README.md") =~ /^```js\n(.*?)^```/ms;
spew("$dir/example.mjs", $example);
my $output = do {
    local @ENV{qw(FLIXIM_SITE FLIXIM_USER FLIXIM_TOKEN FLIXIM_FRIEND)}
        = ($api->httpd->url, $api->id('alice'), $api->token('alice'), $api->id('bob'));
    scalar `cd '$dir' && timeout 30 node example.mjs 2>&1`;
};
my $conversation = $api->private('alice', 'bob');
is $output, "state: connecting \nstate: online \nat once: sending\n$conversation 0 Hello\nstate: offline \n", "README's example";
is $api->call('bob', GET => '/messages')->data->[0]{content}{text}, 'Hello', 'and its message arrived';

# The code of the API's description, word for word; the user in it is made for it.
my $seed = <<'JS';
socket.connect()
channel = socket.channel("user:123e4567-e89b-12d3-a456-426614174000", {token: authToken})
channel.join()
  .receive("ok", resp => { console.log("成功加入频道", resp) })
  .receive("error", resp => { console.log("加入频道失败", resp) })
JS
$api->{ids}{seed} = '123e4567-e89b-12d3-a456-426614174000';
spew("$dir/seed.cjs", <<"JS");
const vm = require("node:vm");
const { Socket } = require("phoenix");
globalThis.authToken = process.env.FLIXIM_TOKEN;
globalThis.socket = new Socket(process.env.FLIXIM_SOCKET, { params: { token: authToken }, transport: require("ws") });
const seed = ${\ JSON::PP->new->latin1->allow_nonref->encode($seed)};
vm.runInThisContext(seed);
globalThis.channel.joinPush.receive("ok", () => socket.disconnect()).receive("error", () => socket.disconnect());
JS
for my $way ([ 'ws://127.0.0.1:' . $pushd->port . '/socket', 'alone' ], [ $api->httpd->url =~ s/^http/ws/r . '/socket', 'through httpd' ]) {
    local @ENV{qw(FLIXIM_SOCKET FLIXIM_TOKEN)} = ($way->[0], $api->token('seed'));
    like scalar `cd '$dir' && timeout 30 node seed.cjs 2>&1`,
        qr/^成功加入频道 \{\s*last_sync_timestamp: '[-\dT:.]+Z'\s*\}\n\z/, "the seed's code joins: $way->[1]";
}

is_deeply [ $pushd->faults ], [], 'no fault in the log of the daemon';
$pushd->stop;
$api->finish;
done_testing;
