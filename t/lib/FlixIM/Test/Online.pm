# SPDX-License-Identifier: Apache-2.0
# Who is online, as the database has it, and what is to be pushed to whom: tests by name, which wait for what is to be.
package FlixIM::Test::Online;

use strict;
use warnings FATAL => 'all';

use FlixIM::Test::Channel;
use Test::More  ();
use Time::HiRes qw(sleep time);

=head1 SYNOPSIS

    my $online = FlixIM::Test::Online->new($api, $pushd);      # a FlixIM::Test::Api, the daemon to connect to by default
    my $alice  = $online->joined('alice', pushd => $other);    # as FlixIM::Test::Channel->join
    my $alice  = $online->synced('alice');                     # who also has synced, and was heard from since
    $online->device('alice');                                  # has a device from now on
    my $id = $online->say($alice, 'bob');                      # sends a message
    $online->becomes('name', 'alice', '1 -infinity', $seconds);   # daemons where she is online, and from when on; a pattern
    $online->is('name', 'alice', '0');                         # the same, without waiting
    $online->pushes_become('name', 'alice', 1, $seconds);      # pushes that were made for her

becomes() returns how many seconds it took.

=cut

sub new {
    my ($class, $api, $pushd) = @_;
    return bless { api => $api, pushd => $pushd }, $class;
}

sub joined {
    my ($self, $who, %option) = @_;
    return FlixIM::Test::Channel->join($self->{api}, $option{pushd} // $self->{pushd}, $who, %option);
}

sub synced {
    my ($self, @how) = @_;
    my $client = $self->joined(@how);
    $client->ask('sync', { last_sync_timestamp => '' });
    $client->beat;
    return $client;
}

sub device {
    my ($self, $who) = @_;
    my $outcome = $self->{api}->row("SELECT (flixim.add_device((?, now(), false, NULL)::flixim.caller, 'webhook', ?)).outcome::text",
        $self->{api}->id($who), "token-of-$who");
    die "no device for $who: $outcome\n" if $outcome ne 'created';
    return;
}

sub say {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $client, $who, $text) = @_;
    my %message = (message_type => 'private_message', content_type => 'text', receiver_id => $self->{api}->id($who), content => { text => $text // 'x' });
    return $client->ask('send_message', \%message)->response->{message_id};
}

sub _now {
    my ($self, $who) = @_;
    return $self->{api}->row("SELECT count(*) || coalesce(' ' || min(since)::text, '') FROM flixim.presence WHERE user_id = ?", $self->{api}->id($who));
}

sub is {
    my ($self, $name, $who, $expected) = @_;
    return Test::More::is($self->_now($who), $expected, $name);
}

sub becomes {
    my ($self, $name, $who, $pattern, $seconds) = @_;
    my $begun = time;
    my $got   = '';
    while (time - $begun < ($seconds // 10)) {
        $got = $self->_now($who);
        last if $got =~ /^(?:$pattern)$/;
        sleep 0.02;
    }
    Test::More::like($got, qr/^(?:$pattern)$/, $name);
    return time - $begun;
}

sub pushes {
    my ($self, $who) = @_;
    return $self->{api}->row('SELECT count(*) FROM flixim.pushes WHERE user_id = ?', $self->{api}->id($who));
}

sub pushes_become {
    my ($self, $name, $who, $count, $seconds) = @_;
    my $until = time + ($seconds // 10);
    sleep 0.05 while $self->pushes($who) != $count && time < $until;
    return Test::More::is($self->pushes($who), $count, $name);
}

1;
