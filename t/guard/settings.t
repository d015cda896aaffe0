# SPDX-License-Identifier: Apache-2.0
# Each setting of the daemon: its row in the table, its member, and its entry in conf/pushd.conf say the same.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Tree qw(slurp);
use Test::More;

my $manual  = slurp('conf/pushd.conf');
my ($struct) = slurp('pushd/settings.h') =~ /typedef struct push_settings \{(.*?)\} push_settings;/s;
my @members = ($struct =~ s{/\*.*?\*/}{}gsr) =~ /(\w+);/g;
my @rows;
for my $row (slurp('pushd/settings_table.c') =~ /^    ((?:NUMBER|VALUE)\(.*\)),$/mg) {
    my ($macro, $name, $kind, $values, $when) = $row =~ /^(\w+)\((\w+), (\w+), (".*"), (FIXED|CHANGES)\)$/ or die "not understood: $row";
    my ($default, $minimum, $maximum) = $values =~ /"([^"]*)"/g;
    push @rows, { name => $name, kind => $kind, default => $default, minimum => $minimum, maximum => $maximum, fixed => $when eq 'FIXED' };
}
cmp_ok scalar @rows, '>', 30, 'there are settings';
cmp_ok scalar @rows, '<=', 64, 'no more than SETTINGS_LIMIT';
is_deeply [ map { $_->{name} } @rows ], [ sort map { $_->{name} } @rows ], 'the table is in alphabetical order';
is_deeply [ sort @members ], [ map { $_->{name} } @rows ], 'and has the members of push_settings';

my %words = (SWITCH => 'on or off', LEVEL => 'error, warning, info or debug', PATH => 'a path of a URL', FILE => 'an absolute path', URL => 'an https: URL');
my @known;
for my $row (@rows) {
    my ($entry, $value) = $manual =~ /((?:^# .*\n)+)^#$row->{name} = (.*)$/m;
    ok $entry, "$row->{name}: in the manual" or next;
    like $entry, qr/^# Meaning:  [A-Z]/m, "$row->{name}: its meaning";
    my ($values) = $entry =~ /^# Values:   (.*)$/m;
    ok $values, "$row->{name}: its values" or next;
    like $values, qr/^\Q$row->{minimum}\E to \Q$row->{maximum}\E\b/, "$row->{name}: its range" if defined $row->{minimum};
    like $values, qr/^\Q$words{ $row->{kind} }\E/, "$row->{name}: its kind" if $words{ $row->{kind} };
    is !!($values =~ /\bRestart$/), !!$row->{fixed}, "$row->{name}: whether it takes a restart";
    if ($row->{default} ne '') {
        is $value, $row->{default}, "$row->{name}: its default";
        unlike $entry, qr/^# Default:/m, "$row->{name}: said once";
    }
    else {
        like $entry, qr/^# Default:  none/m, "$row->{name}: its default";
    }
}
is_deeply [ sort $manual =~ /^#(\w+) = /mg ], [ map { $_->{name} } @rows ], 'nothing else is in the manual';
unlike $manual, qr/^[^#\n]/m, 'which sets nothing by itself';

done_testing;
