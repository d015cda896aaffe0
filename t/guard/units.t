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
    push @{ $value{$1} }, $2 while $text =~ /^(\w+)=(.*)$/mg;
    return %value;
}
my %service = unit('flixim-pushd.service');
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
is $socket{SocketMode}[0], '0660', 'for its group alone';
is $socket{SocketGroup}[0], $service{Group}[0], "which is the service's";
is $socket{Backlog}[0], $default{connect_backlog}, 'with as long a queue';

done_testing;
