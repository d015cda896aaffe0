# SPDX-License-Identifier: Apache-2.0
# The daemon's systemd units: shut in, and in step with its settings.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(slurp);
use Test::More;

sub unit {
    my ($name) = @_;
    my %value;
    my $text = slurp("conf/$name");
    $text =~ s/\\\n\s*//g;
    push @{ $value{$1} }, $2 while $text =~ /^(\w+)=(.*)$/mg;
    return %value;
}
my %service = unit('flixim-pushd.service');
my %several = unit('flixim-pushd@.service');
my %socket  = unit('flixim-pushd.socket');
my %default = slurp('conf/pushd.conf') =~ /^#(\w+) = (.*)$/mg;

# What the service must not be able to do.
for my $name (
    qw(NoNewPrivileges ProtectHome PrivateTmp PrivateDevices PrivateUsers ProtectKernelTunables ProtectKernelModules ProtectKernelLogs
    ProtectControlGroups ProtectClock ProtectHostname RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality
    MemoryDenyWriteExecute RemoveIPC)
) {
    is "@{ $service{$name} // [] }", 'yes', $name;
}
for my $case (
    [ ProtectSystem => 'strict' ], [ CapabilityBoundingSet => '' ], [ AmbientCapabilities => '' ], [ ProtectProc => 'invisible' ], [ ProcSubset => 'pid' ],
    [ RestrictAddressFamilies => 'AF_UNIX AF_INET AF_INET6' ], [ SystemCallArchitectures => 'native' ], [ UMask => '0077' ],
    [ IPAddressDeny => 'any' ], [ IPAddressAllow => 'localhost' ], [ User => 'flixim' ], [ Type => 'notify' ], [ Restart => 'always' ],
) {
    my ($name, $value) = @$case;
    is join(' ', @{ $service{$name} // ['missing'] }), $value, $name;
}
is $service{SystemCallFilter}[0], '@system-service', 'SystemCallFilter begins with what services need';
like $service{SystemCallFilter}[1], qr/^~.*\@privileged/, 'and takes away what changes rights';

# And what it must: descriptors for all connections, time to end in, the folder of its socket.
my ($drain) = $default{drain_time} =~ /^(\d+)s$/;
cmp_ok $service{TimeoutStopSec}[0], '>', $drain + 15, 'time to drain';
cmp_ok $service{LimitNOFILE}[0], '>=', $default{connections} + $default{connect_backlog} + 100, 'descriptors for all connections, and for those that httpd hands over';
cmp_ok $service{WatchdogSec}[0], '>=', 10, 'a watchdog that a busy moment does not wake';
my ($folder) = $default{listen_unix} =~ m{^/run/(\w+)/};
is $service{RuntimeDirectory}[0], $folder, "the socket's folder is made";
is $service{RuntimeDirectoryPreserve}[0], 'yes', 'and stays, for what waits in the socket of the other unit';
like $service{ExecStart}[0], qr{/sbin/flixim-pushd --config=/etc/flixim/pushd\.conf$}, 'started with the settings';

is $socket{ListenStream}[0], $default{listen_unix}, "the socket is the setting's";
is $socket{ListenSequentialPacket}[0], $default{listen_handoff}, 'so is that for hand-offs';
is $socket{SocketMode}[0], '0660', 'for its group alone';
is $socket{SocketGroup}[0], $service{Group}[0], "which is the service's";
is $socket{Backlog}[0], $default{connect_backlog}, 'with as long a queue';

# The unit of several daemons is the other one, but for what each needs of its own. Where httpd can ask the next daemon, no socket waits for one that restarts.
my %own = map { $_ => 1 } qw(Description ExecStart RuntimeDirectory RuntimeDirectoryPreserve);
is_deeply { map { $_ => $several{$_} } grep { !$own{$_} } keys %several }, { map { $_ => $service{$_} } grep { !$own{$_} } keys %service }, 'several are shut in as one is';
is_deeply $several{RuntimeDirectory}, ["$folder/%i"], 'each has a folder of its own';
ok !$several{RuntimeDirectoryPreserve}, 'which goes with it';
like $several{ExecStart}[0], qr/^\Q$service{ExecStart}[0]\E /, 'started with the settings';
for my $case ([ listen_unix => "/run/$folder/%i/pushd.sock" ], [ listen_handoff => "/run/$folder/%i/handoff.sock" ], [ listen_tcp => '' ], [ listen_tls => '' ]) {
    my ($setting, $value) = @$case;
    my $flag = $setting =~ tr/_/-/r;
    my ($given) = $several{ExecStart}[0] =~ /--$flag=(\S*)/;
    is $given, $value, "and with a $setting of its own";
    (my $other = $default{$setting}) =~ s{^/run/$folder/}{/run/$folder/%i/};
    is $given, $other, 'named as the usual one' if length $value;
}

done_testing;
