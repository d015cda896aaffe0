# SPDX-License-Identifier: Apache-2.0
# Odd places for a clone or a state: each ends in success or in one clear sentence.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Dev qw(scratch copy_of_the_tree dev free_port health processes_of);
use Test::More;

sub works {
    my ($name, $tree, @arg) = @_;
    my $port = free_port();
    my ($status, $out, $err) = dev($tree, 'run', '--detach', '--port', $port, @arg);
    is $status, 0, "$name: runs" or diag $err;
    is health($port), 200, "$name: answers";
    my ($state) = "@arg" =~ /--state (\S+)/;
    my ($stop) = $out =~ /^(.+) stops it\.$/m;
    (undef, $err, $status) = FlixIM::Test::Cluster::capture('bash', '-c', $stop // 'false');
    is $status, 0, "$name: stops" or diag $err;
    is scalar processes_of($state // $tree), 0, "$name: nothing is left running";
    return;
}

sub is_refused {
    my ($name, $sentence, $tree, @arg) = @_;
    my ($status, $out, $err) = dev($tree, @arg);
    $err =~ s/\AInstalling [^\n]*\n//;
    isnt $status, 0, "$name: refused";
    like $err, qr/\Adev: [^\n]*$sentence[^\n]*\n\z/, "$name: in one sentence";
    is $out, '', "$name: and no more";
    return;
}

my $scratch = scratch();

mkdir "$scratch/private", 0700 or die "mkdir: $!";
my $private = copy_of_the_tree("$scratch/private/clone");
works('below a folder that others may not enter', $private);
if ($> == 0) {
    like readlink("$private/var/pgdata") // '', qr{^/var/lib/flixim-dev/}, 'its data lies where PostgreSQL can reach it';
}

my $long = copy_of_the_tree("$scratch/" . 'long' x 30 . '/clone');
cmp_ok length $long, '>', 120, 'a path of over 120 characters';
works('there', $long);

works('with letters beyond ASCII', copy_of_the_tree("$scratch/gr\xc3\xbc\xc3\x9fe"));

rename $long, "$scratch/moved" or die "rename: $!";
works('a clone that was moved, with its state', "$scratch/moved");

my $blank = copy_of_the_tree("$scratch/with blank");
is_refused('a path with a blank', 'has a blank', $blank, 'run', '--detach');
my $plain = copy_of_the_tree("$scratch/plain");
is_refused('a state with a quote', 'has a blank, a quote', $plain, 'run', '--state', "$scratch/it's");

for my $case ([ run => '--state', 'a folder' ], [ stop => '--state', 'a folder' ], [ token => '--state', 'a folder' ], [ run => '--port', 'a number' ],
    [ token => '--ttl', 'a number of seconds' ], [ token => '--scope', q{a word, and the only one is 'system'} ]) {
    my ($command, $option, $what) = @$case;
    is_refused("$command $option without a value", "$option needs \Q$what\E", $plain, $command, $option);
    is_refused("$command $option before another option", "$option needs \Q$what\E", $plain, $command, $option, '--detach');
}
for my $case ([qw(foo)], [qw(--foo)], [qw(run foo)], [qw(run --detach --foo)], [qw(stop foo)], [qw(token --foo)],
    [ token => '33333333-3333-4333-8333-333333333333', 'foo' ]) {
    my ($status, $out, $err) = dev($plain, @$case);
    is $status, 2, "@$case: refused";
    like $err, qr/\Adev: '$case->[-1]' was not understood\nusage: /, "@$case: the word that was not understood, and the usage";
    is $out, '', "@$case: and no more";
}
is_refused('no port', 'is no port number', $plain, 'run', '--port', 'x');
is_refused('no such port', 'is no port number', $plain, 'run', '--port', '70000');
is_refused('nothing to stop', 'is no state folder', $plain, 'stop');
is_refused('no token without a run', 'nothing runs on', $plain, 'token', '33333333-3333-4333-8333-333333333333');
is_refused('no such benchmark', 'there is no benchmark', $plain, 'bench', 'nothing');

# A tree that cannot be written to: for root only if it is mounted so, hence as another user.
{
    if ($> == 0) {
        system 'chmod', '-R', 'a-w', $plain;
        my @as = (qw(setpriv --reuid=nobody --regid=nogroup --clear-groups env -u PERL5LIB HOME=/ PATH=/usr/local/bin:/usr/bin:/bin), "TMPDIR=$scratch/nobody");
        mkdir "$scratch/nobody", 0700 or die "mkdir: $!";
        system 'chown', 'nobody', "$scratch/nobody";
        my $port = free_port();
        my ($status, $output) = FlixIM::Test::Cluster::capture_all(@as, "$plain/dev", 'run', '--detach', '--port', $port);
        isnt $status, 0, 'another user, in a tree that is not theirs: refused';
        like $output, qr/\Adev: cannot write in the state folder [^\n]*\n\z/, 'in one sentence';
        ($status, $output) = FlixIM::Test::Cluster::capture_all(@as, "$plain/dev", 'run', '--detach', '--port', $port, '--state', "$scratch/nobody/state");
        is $status, 0, 'with a state of their own: runs, without any rights of root' or diag $output;
        like $output, qr{^  chat +http://}m, 'with the page';
        is health($port), 200, 'and answers';
        ($status, $output) = FlixIM::Test::Cluster::capture_all("$plain/dev", 'stop', '--state', "$scratch/nobody/state");
        is $status, 0, 'and is stopped' or diag $output;
        is scalar processes_of("$scratch/nobody"), 0, 'nothing is left';

        # Where npm reaches nothing the page's library cannot be had, and the rest must not mind.
        system 'rm', '-rf', "$scratch/nobody/state/npm";
        ($status, $output) = FlixIM::Test::Cluster::capture_all(@as, 'npm_config_registry=http://127.0.0.1:9/', "$plain/dev", 'run', '--detach',
            '--port', $port, '--state', "$scratch/nobody/state");
        is $status, 0, 'without npm: runs' or diag $output;
        like $output, qr/^dev: cannot fetch the npm package phoenix/m, 'says why there is no page';
        like $output, qr/^  chat +not without the npm package phoenix/m, 'and where it would have been';
        is health($port), 200, 'and answers';
        ($status, $output) = FlixIM::Test::Cluster::capture_all("$plain/dev", 'stop', '--state', "$scratch/nobody/state");
        is $status, 0, 'and is stopped' or diag $output;

        system 'sed', '-i', 's/^run_packages=(/&no-such-package-flixim /', "$plain/dev";
        ($status, $output) = FlixIM::Test::Cluster::capture_all(@as, "$plain/dev", 'run', '--state', "$scratch/nobody/state");
        isnt $status, 0, 'a missing package, and neither root nor sudo: refused';
        like $output, qr/\Adev: packages are missing; as root: apt-get install [^\n]*no-such-package-flixim[^\n]*\n\z/, 'in one sentence';
    }
    else {
        pass "only root can become another user ($_)" for 1 .. 14;
    }
}

# No way to install what is missing.
my $missing = copy_of_the_tree("$scratch/missing");
system 'sed', '-i', 's/^run_packages=(/&no-such-package-flixim /', "$missing/dev";
is_refused('a package that is not to be had', 'cannot install no-such-package-flixim', $missing, 'run') if $> == 0;

done_testing;
