# SPDX-License-Identifier: Apache-2.0
# A fresh clone in an empty Debian 12: ./dev run and ./dev test install what they need, and leave nothing.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Build qw(run);
use FlixIM::Test::Dev   qw(scratch copy_of_the_tree free_port);
use Test::More;

plan tests => 10;
die "only root can make a Debian root\n" if $> != 0;

my $root = scratch() . '/debian';
my $port = free_port();

# The mirrors that this machine uses, as lines for sources.list; the first is what debootstrap uses.
sub sources {
    my @lines;
    for my $file (glob '/etc/apt/sources.list /etc/apt/sources.list.d/*') {
        open my $handle, '<', $file or next;
        my $text = do { local $/ = undef; <$handle> };
        push @lines, $text =~ /^deb (?:\[[^]]*\] )?(\S+ bookworm\S* main)/mg;
        for my $entry (split /\n\s*\n/, $text) {
            my ($uri)    = $entry =~ /^URIs:\s*(\S+)/m   or next;
            my ($suites) = $entry =~ /^Suites:\s*(.*)/m  or next;
            push @lines, map {"$uri $_ main"} grep {/^bookworm/} split ' ', $suites;
        }
    }
    @lines = grep { m{/debian(?:-security)?/? } } @lines;
    return @lines ? @lines : ('http://deb.debian.org/debian bookworm main');
}

my @sources = sort { ($a =~ / bookworm main/ ? 0 : 1) <=> ($b =~ / bookworm main/ ? 0 : 1) } sources();
my ($mirror) = split ' ', $sources[0];
my ($status, $output) = run('/', "debootstrap --variant=minbase bookworm '$root' '$mirror' 2>&1 | tail -n 5; exit \${PIPESTATUS[0]}");
is $status, 0, 'debootstrap' or BAIL_OUT($output);

open my $list, '>', "$root/etc/apt/sources.list" or die "sources.list: $!";
print {$list} map {"deb $_\n"} @sources;
close $list or die "sources.list: $!";
run('/', "cp /etc/resolv.conf /etc/hosts '$root/etc/'; apt-config dump | grep -E '^Acquire::(http|https)::' >'$root/etc/apt/apt.conf.d/99host'");
# So that npm gets to where this machine's gets.
run('/', "cp ~/.npmrc '$root/root/' 2>/dev/null; cp /etc/npmrc '$root/etc/' 2>/dev/null; mkdir -p '$root/etc/ssl' && cp -RL /etc/ssl/certs '$root/etc/ssl/'");
copy_of_the_tree("$root/root/flixim");

# In name spaces of its own: whatever is left in there ends with it, mounts included.
my $script = scratch() . '/inside';
open my $inside, '>', $script or die "script: $!";
print {$inside} <<"SH";
mount -t proc proc '$root/proc'
mount -t tmpfs tmpfs '$root/dev/shm'
mount -t tmpfs tmpfs '$root/run'
exec chroot '$root' /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root bash -c '
    cd /root/flixim
    ./dev run --detach --port $port; echo "run: \$?"
    exec 3<>/dev/tcp/127.0.0.1/$port && printf "GET /api/v1/health HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3; echo
    ./dev stop; echo "stop: \$?"
    begin=\$SECONDS
    ./dev run --detach --port $port; echo "second run: \$? in \$((SECONDS - begin)) s"
    ./dev token 33333333-3333-4333-8333-333333333333; echo "token: \$?"
    ./dev stop; echo "second stop: \$?"
    ./dev test; echo "test: \$?"
    echo "left: \$(grep -lzE "^(/.*/)?(postgres|apache2|flixim-pushd)\$" /proc/[0-9]*/cmdline | wc -l)"
    echo "clusters: \$(ls /etc/postgresql/15 2>/dev/null | wc -l)"
    echo "drop-in: \$(ls /etc/postgresql-common/createcluster.d | wc -l)"
'
SH
close $inside or die "script: $!";
($status, $output) = run('/', "unshare --mount --pid --fork --kill-child bash '$script' 2>&1");
like $output, qr/^run: 0$/m, './dev run succeeds';
like $output, qr/"status":"ok"/, 'health is well';
like $output, qr/^stop: 0$/m, './dev stop succeeds';
like $output, qr/^second run: 0 in [0-9] s$/m, 'the second run takes seconds';
like $output, qr/^\S{20,}\ntoken: 0$/m, './dev token prints a token';
like $output, qr/^second stop: 0$/m, './dev stop again';
like $output, qr/^\d+ passed, 0 failed\ntest: 0$/m, './dev test passes';
like $output, qr/^left: 0$/m, 'no server is left';
like $output, qr/^clusters: 0\ndrop-in: 0$/m, "the system's own PostgreSQL was never set up, and can be";
diag $output if !Test::More->builder->is_passing;
