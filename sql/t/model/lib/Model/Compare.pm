# SPDX-License-Identifier: Apache-2.0
# Compares an answer with the one expected, where some values are not known until they are first seen.
package Model::Compare;

use strict;
use warnings FATAL => 'all';

use Exporter     qw(import);
use Scalar::Util qw(blessed);

our @EXPORT_OK = qw(any difference id_complaint plain slot);

# What an expected answer may hold in a value's place:
#   slot($owner, $key, $check)  the value of $owner->{$key}; while that is unknown, the value met is judged by $check
#                               ($check->($owner, $value): a complaint or nothing) and kept there
#   any()                       whatever comes

sub slot {
    my ($owner, $key, $check) = @_;
    return $owner->{$key} if defined $owner->{$key};
    return bless { owner => $owner, key => $key, check => $check }, __PACKAGE__;
}

sub any { return bless { any => 1 }, __PACKAGE__ }

# The first difference as "path: complaint", or nothing. Keys of a hash that are not expected must be undef in it.
sub difference {
    my ($want, $got, $path) = @_;
    $path //= '';
    if (blessed $want) {
        my $complaint = $want->_meet($got);
        return $complaint ? "$path: $complaint" : ();
    }
    return _list_difference($want, $got, $path) if ref $want eq 'ARRAY';
    if (ref $want eq 'HASH') {
        return "$path: no row" if ref $got ne 'HASH';
        for my $key (sort keys %{ { %$want, %$got } }) {
            my @found = difference($want->{$key}, $got->{$key}, "$path.$key");
            return @found if @found;
        }
        return;
    }
    return if !defined $want && !defined $got;
    return if defined $want && defined $got && !ref $got && $want eq $got;
    return sprintf '%s: expected %s, got %s', $path, _text($want), _text($got);
}

# What is wrong with an id of version 7, whose time is to be $at (where that is known).
sub id_complaint {
    my ($id, $at) = @_;
    return "is no version 7 id: $id" if $id !~ /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    return if !defined $at;
    my $time = (hex(substr $id, 0, 8) * 65_536 + hex(substr $id, 9, 4)) * 1_000;
    return $time == $at ? () : "has the time $time of $at";
}

# An expected answer for people to read: a slot is what is known of it.
sub plain {
    my ($want) = @_;
    return [map { plain($_) } @$want] if ref $want eq 'ARRAY';
    return { map { $_ => plain($want->{$_}) } keys %$want } if ref $want eq 'HASH';
    return $want if !blessed $want;
    return $want->{any} ? '(any)' : $want->{owner}{ $want->{key} } // "(unknown $want->{key})";
}

sub _list_difference {
    my ($want, $got, $path) = @_;
    return "$path: no list" if ref $got ne 'ARRAY';
    for my $i (0 .. ($#$want < $#$got ? $#$want : $#$got)) {
        my @found = difference($want->[$i], $got->[$i], "${path}[$i]");
        return @found if @found;
    }
    return if @$want == @$got;
    return sprintf '%s: expected %d, got %d entries', $path, scalar @$want, scalar @$got;
}

sub _meet {
    my ($self, $got) = @_;
    return if $self->{any};
    my ($owner, $key) = @{$self}{qw(owner key)};
    return "$key is null" if !defined $got;
    if (defined $owner->{$key}) {
        return if $owner->{$key} eq $got;
        return "$key is $owner->{$key}, got $got";
    }
    my $complaint = $self->{check} && $self->{check}->($owner, $got);
    return $complaint if $complaint;
    $owner->{$key} = $got;
    return;
}

sub _text {
    my ($value) = @_;
    return defined $value ? "'$value'" : 'null';
}

1;
