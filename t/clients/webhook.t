# SPDX-License-Identifier: Apache-2.0
# The check that docs/notifications.md gives to whoever receives webhooks: it lets through what is signed and recent, and nothing else.
use strict;
use warnings FATAL => 'all';

use Digest::SHA qw(hmac_sha256_hex);
use File::Temp  ();
use FindBin     qw($Bin);
use JSON::PP    ();
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(slurp);
use Test::More;

my ($check) = slurp('docs/notifications.md') =~ /^```js\n(.*?)^```/ms or die 'docs/notifications.md: no check';
my $dir = File::Temp->newdir('flixim-webhook-XXXXXXXX', TMPDIR => 1);
my %text = (
    'check.mjs' => $check,
    'ask.mjs'   => <<'JS',
import { isFromFlixIM } from "./check.mjs";

const cases = JSON.parse(process.argv[2]);
console.log(JSON.stringify(cases.map(([headers, body, secret]) => isFromFlixIM(headers, Buffer.from(body, "hex"), secret))));
JS
);
for my $name (keys %text) {
    open my $file, '>', "$dir/$name" or die "$name: $!";
    print {$file} $text{$name} or die "$name: $!";
    close $file or die "$name: $!";
}

my ($secret, $body, $now) = ('a secret of thirty-two characters', qq({"text":"\xe4\xbd\xa0"}), time);
my $signed = sub {
    my ($time, $text, $key) = @_;
    return { 'flixim-timestamp' => "$time", 'flixim-signature' => 'v1=' . hmac_sha256_hex("$time.$text", $key) };
};
my $right = $signed->($now, $body, $secret);
my @cases = (
    [ 'what the daemon signed'    => 1, $right, $body ],
    [ 'four minutes ago'          => 1, $signed->($now - 240, $body, $secret), $body ],
    [ 'six minutes ago'           => 0, $signed->($now - 360, $body, $secret), $body ],
    [ 'in six minutes'            => 0, $signed->($now + 360, $body, $secret), $body ],
    [ 'a time that is none'       => 0, $signed->('x', $body, $secret), $body ],
    [ 'with a newer time'         => 0, { %$right, 'flixim-timestamp' => $now + 1 . '' }, $body ],
    [ 'another body'              => 0, $right, "$body " ],
    [ 'another key'               => 0, $signed->($now, $body, "$secret."), $body ],
    [ 'half a signature'          => 0, { %$right, 'flixim-signature' => substr $right->{'flixim-signature'}, 0, 35 }, $body ],
    [ 'another version'           => 0, { %$right, 'flixim-signature' => $right->{'flixim-signature'} =~ s/v1/v2/r }, $body ],
    [ 'no headers'                => 0, {}, $body ],
);
my $json = JSON::PP->new;
open my $output, '-|', 'node', "$dir/ask.mjs", $json->encode([ map { [ $_->[2], unpack('H*', $_->[3]), $secret ] } @cases ]) or die "node: $!";
my $answers = $json->decode(scalar <$output>);
ok close $output, 'Node ends with status 0';
is !!$answers->[$_], !!$cases[$_][1], $cases[$_][0] for 0 .. $#cases;

done_testing;
