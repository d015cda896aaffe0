# SPDX-License-Identifier: Apache-2.0
# A second host to connect from, whose cable can be pulled: a network namespace and a pair of virtual interfaces, for the time of one
# test. Takes root, and a kernel that lets it: containers often do not.
package FlixIM::Test::Cable;

use strict;
use warnings FATAL => 'all';

use POSIX ();

use FlixIM::Test::Cluster;

=head1 SYNOPSIS

    my $cable = FlixIM::Test::Cable->start;       # undef where there can be none
    my $pushd = FlixIM::Test::Pushd->start(settings => { listen_tcp => $cable->here . ':4000' }, ...);
    my $client = $cable->there(sub { FlixIM::Test::WebSocket->open(host => $cable->here, port => 4000, ...) });
    $cable->cut;      # from now on nothing comes through, and nobody is told
    $cable->mend;

The sockets that are made within there() are the other host's, for as long as they live. All of it is taken away at END.

=cut

my %setns = (x86_64 => 308, aarch64 => 268);
my %laid;

sub start {
    my ($class) = @_;
    return if $> != 0 || system('unshare --net true 2>/dev/null') != 0;
    # Of the addresses that are for tests of networks (RFC 2544), four for each process.
    my $net = sprintf '198.18.%d', $$ >> 6 & 255;
    my $first = ($$ & 63) * 4;
    my $self = bless { name => "fx$$", here => "$net." . ($first + 1), there => "$net." . ($first + 2), owner => $$ }, $class;
    my $name = $self->{name};
    $laid{$name} = $self;
    _ip(qw(netns add), $name);
    _ip(qw(link add), "${name}a", qw(type veth peer name), "${name}b", 'netns', $name);
    _ip(qw(addr add), "$self->{here}/30", 'dev', "${name}a");
    _ip('-n', $name, qw(addr add), "$self->{there}/30", 'dev', "${name}b");
    _ip(qw(link set), "${name}a", 'up');
    $self->mend;
    return $self;
}

# Our own address.
sub here { return $_[0]{here} }

sub cut  { my ($self) = @_; return _ip('-n', $self->{name}, qw(link set), "$self->{name}b", 'down') }
sub mend { my ($self) = @_; return _ip('-n', $self->{name}, qw(link set), "$self->{name}b", 'up') }

# Does something as the other host; returns what that returns.
sub there {
    my ($self, $act) = @_;
    open my $home, '<', '/proc/self/ns/net'       or die "netns: $!";
    open my $away, '<', "/run/netns/$self->{name}" or die "netns: $!";
    _enter($away);
    my $result = eval { $act->() };
    my $why = $@;
    _enter($home);
    die $why if $why;
    return $result;
}

sub _enter {
    my ($namespace) = @_;
    my $number = $setns{ (POSIX::uname())[4] } or die "setns: its number is not known here\n";
    syscall($number, fileno $namespace, 0) == 0 or die "setns: $!";
    return;
}

sub _ip {
    my (@words) = @_;
    my ($status, $output) = FlixIM::Test::Cluster::capture_all('ip', @words);
    die "ip @words: $output\n" if $status != 0;
    return;
}

sub remove {
    my ($self) = @_;
    return if $self->{owner} != $$ || !delete $laid{ $self->{name} };
    system "ip netns del $self->{name} 2>/dev/null; ip link del $self->{name}a 2>/dev/null";
    return;
}

END {
    my $status = $?;
    $_->remove for values %laid;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
