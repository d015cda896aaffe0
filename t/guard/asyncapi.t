# SPDX-License-Identifier: Apache-2.0
# The events of the daemon, docs/asyncapi.yaml and the table that tests are generated from name the same; no schema is open.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Contract;
use FlixIM::Test::Events qw(channel_events);
use FlixIM::Test::Tree   qw(files slurp);
use Test::More;

my $document = FlixIM::Test::Contract->new('asyncapi.yaml')->document;
my $schemas  = $document->{components}{schemas};
my $messages = $document->{components}{messages};

# -- Events -------------------------------------------------------------------------------------------

my ($table) = slurp('pushd/event.c') =~ /\bevents\[\] = \{(.*?)\};/s or die 'pushd/event.c: no table';
my @in_source = $table =~ /&push_event_(\w+)/g;
cmp_ok scalar @in_source, '>=', 8, 'there are events';
my @requests = grep { $messages->{"${_}Ok"} && $_ ne 'heartbeat' } sort keys %$messages;
my %request_of = map { $messages->{$_}{name} => $_ } @requests;
is_deeply [ sort grep { !/^phx_/ } keys %request_of ], [ sort @in_source ], 'docs/asyncapi.yaml has the events of pushd/event.c';
is_deeply [ sort map { $_->{event} } channel_events() ], [ sort @in_source ], 'so has t/lib/FlixIM/Test/Events.pm';

sub schema_of { return $schemas->{ $_[0]{'$ref'} =~ s{.*/}{}r } }
for my $row (channel_events()) {
    my $schema = schema_of($messages->{ $request_of{ $row->{event} } // '' }{payload}{items}[4] // next);
    my %field = map { s/!//r => 1 } keys %{ $row->{fields} };
    is_deeply [ sort keys %{ $schema->{properties} } ], [ sort keys %field ], "$row->{event}: the same members";
    is_deeply [ sort @{ $schema->{required} // [] } ], [ sort map { /^(.*)!$/ ? $1 : () } keys %{ $row->{fields} } ], "$row->{event}: the same required";
}
my %read = map { $_ => 1 } map { slurp($_) =~ /\.name = "(\w+)"/g } 'libflixim/flx_fields.c', 'libflixim/flx_fields.h', grep {m{^pushd/event_\w+\.c$}} files();
delete @read{ @in_source, qw(receiver_ids message_ids) };
my %known = map { s/!//r => 1 } map { keys %{ $_->{fields} } } channel_events();
is_deeply [ sort keys %known ], [ sort keys %read ], 'the fields that the source reads are known';
my %fault = map { $_ => 1 } keys %{ $schemas->{FieldsError}{properties}{fields}{properties} };
ok $fault{$_}, "$_ may be at fault" for sort keys %known;

# -- Codes --------------------------------------------------------------------------------------------

my %documented = map { $_ => 1 } @{ $schemas->{Error}{properties}{code}{enum} }, @{ $schemas->{FieldsError}{properties}{code}{enum} };
my $outcomes = slurp('libflixim/flx_outcome.c');
my %code_of = $outcomes =~ /\[(FLX_\w+)\] = \{ [45]\d\d, "(\w+)"/g;
my ($reasons) = $outcomes =~ /reasons\[FLX_OUTCOMES\] = \{(.*?)\};/s or die 'no table of reasons';
my %source_code = map { $_ => 1 } grep {defined} @code_of{ $reasons =~ /\[(FLX_\w+)\]/g };
my $pushd = join '', map { slurp($_) } grep {m{^pushd/\w+\.c$}} files();
ok $documented{$_}, "code $_ is documented" for sort grep { $_ ne 'bad_request' } keys %source_code;
ok $source_code{$_} || $_ eq 'internal_error' || $pushd =~ /"$_"|\\"$_\\"/, "code $_ is given" for sort keys %documented;

# -- The document itself ------------------------------------------------------------------------------

my $openapi = FlixIM::Test::Contract->new->document->{components}{schemas};
my @shared = grep { $openapi->{$_} && !/^(?:NewMessage|MessageOrTrace)$/ } sort keys %$schemas;
cmp_ok scalar @shared, '>=', 12, 'there are schemas that REST has, too';
is_deeply $schemas->{$_}, $openapi->{$_}, "$_: as in docs/openapi.yaml" for @shared;

my %used;
for my $operation (values %{ $document->{operations} }) {
    for my $pointer (map { $_->{'$ref'} } @{ $operation->{messages} }, @{ $operation->{reply}{messages} // [] }) {
        my (undef, $kind, $channel, undef, $message) = split m{/}, $pointer;
        ok $document->{channels}{$channel}{messages}{$message}, "$pointer is there";
        $used{"$channel $message"} = 1;
    }
}
for my $channel (sort keys %{ $document->{channels} }) {
    ok $used{"$channel $_"}, "channel $channel: message $_ is in an operation" for sort keys %{ $document->{channels}{$channel}{messages} };
}
my $text = slurp('docs/asyncapi.yaml');
for my $name (sort keys %$schemas) {
    like $text, qr{'#/components/schemas/\Q$name\E'}, "schema $name is used";
}
my $objects = 0;
sub look {
    my ($node, $where) = @_;
    if (ref $node eq 'HASH') {
        if (($node->{type} // '') eq 'object' && $node->{properties}) {
            $objects++;
            my $is_open = $node->{additionalProperties} // 1;
            ok $where =~ m{/Content$} ? $is_open : !$is_open, "$where: closed";
            my $is_answer = $where !~ m{(?:Request|/Content|/fields)$};
            my %optional = (resync_required => 1);
            is_deeply [ sort @{ $node->{required} // [] } ], [ sort grep { !$optional{$_} } keys %{ $node->{properties} } ], "$where: all required" if $is_answer;
        }
        if (ref $node->{items} eq 'ARRAY') {
            is $node->{minItems}, scalar @{ $node->{items} }, "$where: of that length";
            ok !($node->{additionalItems} // 1), "$where: and not longer";
        }
        look($node->{$_}, "$where/$_") for sort keys %$node;
    }
    elsif (ref $node eq 'ARRAY') { look($_, $where) for @$node }
    return;
}
look($document->{components}, '');
cmp_ok $objects, '>', 25, 'there are objects';

done_testing;
