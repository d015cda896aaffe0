# SPDX-License-Identifier: Apache-2.0
# The routes of mod_flixim, docs/openapi.yaml and the table that tests are generated from name the same operations; no schema is open.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Contract;
use FlixIM::Test::Operations qw(operations);
use FlixIM::Test::Tree       qw(files slurp);
use Test::More;

my $document = FlixIM::Test::Contract->new->document;
my $paths = $document->{paths};

# "{id}" or "{conversation_id}": what a parameter is called is the document's business alone.
sub plain { return $_[0] =~ s/\{\w+\}/{}/gr }

my @in_source;
{
    my ($table) = slurp('mod_flixim/route.c') =~ /routes\[\] = \{(.*?)^\};/ms or die 'mod_flixim/route.c: no table of routes';
    while ($table =~ /\{\s*M_\w+,\s*"(\w+)",\s*"([^"]+)"/g) { push @in_source, "$1 " . plain($2) }
}
my @in_document;
for my $path (sort keys %$paths) {
    push @in_document, map { uc($_) . ' ' . plain($path) } grep {/^(?:get|put|post|delete|patch)$/} sort keys %{ $paths->{$path} };
    ok $paths->{$path}{options}, "$path: OPTIONS is documented";
}
my @in_tests = map {"$_->{method} " . plain($_->{path})} operations();

cmp_ok scalar @in_source, '>=', 17, 'there are routes';
is_deeply [ sort @in_document ], [ sort @in_source ], 'docs/openapi.yaml has the routes of mod_flixim/route.c';
is_deeply [ sort @in_tests ], [ sort @in_source ], 'so has t/lib/FlixIM/Test/Operations.pm';

my %seen;
for my $operation (operations()) {
    my $name = "$operation->{method} $operation->{path}";
    my $documented = $paths->{ $operation->{path} }{ lc $operation->{method} } or next;
    ok !$seen{ $documented->{operationId} // '' }++, "$name: an operationId of its own";
    ok $documented->{summary}, "$name: a summary";
    my @parameters = (@{ $documented->{parameters} // [] }, @{ $paths->{ $operation->{path} }{parameters} // [] });
    @parameters = map { $_->{'$ref'} ? $document->{components}{parameters}{ $_->{'$ref'} =~ s{.*/}{}r } : $_ } @parameters;
    is_deeply [ sort map { $_->{name} } grep { $_->{in} eq 'query' } @parameters ], [ sort keys %{ $operation->{query} // {} } ],
        "$name: the same query parameters";
    my @in_path = map { $_->{name} } grep { $_->{in} eq 'path' } @parameters;
    is_deeply \@in_path, [ $operation->{path} =~ /\{(\w+)\}/g ], "$name: the parameters of its path";
    my $schema = $documented->{requestBody}{content}{'application/json'}{schema} // {};
    $schema = $document->{components}{schemas}{ $schema->{'$ref'} =~ s{.*/}{}r } if $schema->{'$ref'};
    my %field = map { s/!//r => 1 } keys %{ $operation->{fields} // {} };
    is_deeply [ sort keys %{ $schema->{properties} // {} } ], [ sort keys %field ], "$name: the same members of the body";
    my @required = map { /^(.*)!$/ ? $1 : () } keys %{ $operation->{fields} // {} };
    is_deeply [ sort @{ $schema->{required} // [] } ], [ sort @required ], "$name: the same required";
    for my $status ($operation->{answers}, 400, 403, 408, 413, 417, 500, 503, $operation->{open} ? () : (401, 429), $operation->{body} ? 415 : ()) {
        ok $documented->{responses}{$status}, "$name: $status is documented";
    }
    is !!$documented->{security} && !@{ $documented->{security} }, !!$operation->{open}, "$name: whether it takes a token";
}

# The members and parameters that the source reads, in all.
my @read = map { slurp($_) =~ /\.name = "(\w+)"/g } grep {m{^(?:mod_flixim/api_\w+\.c|libflixim/flx_fields\.[ch])$}} files();
my %read = map { $_ => 1 } @read;
my %known = map { s/!//r => 1 } map { keys %{ $_->{query} // {} }, keys %{ $_->{fields} // {} } } operations();
cmp_ok scalar keys %read, '>', 20, 'there are fields';
is_deeply [ sort keys %known ], [ sort keys %read ], 'the fields of mod_flixim/api_*.c and libflixim/flx_fields.c are known';

# The codes of errors.
my %code = map { $_ => 1 } slurp('libflixim/flx_outcome.c') =~ /\{ [45]\d\d, "(\w+)"/g;
my %documented;
look_for_codes($document->{components}{schemas});
is_deeply [ sort keys %documented ], [ sort keys %code ], 'the codes of libflixim/flx_outcome.c are documented';

sub look_for_codes {
    my ($node) = @_;
    return if ref $node ne 'HASH';
    if (my $code = ref $node->{code} eq 'HASH' && $node->{code}) { $documented{$_} = 1 for $code->{const} // (), @{ $code->{enum} // [] } }
    look_for_codes($_) for values %$node;
    return;
}

# Every object is closed, and names what it cannot do without; but for content, whose unknown keys are kept.
my $objects = 0;
sub look {
    my ($node, $where) = @_;
    if (ref $node eq 'HASH') {
        if (($node->{type} // '') eq 'object' && $node->{properties}) {
            $objects++;
            my $is_open = $node->{additionalProperties} // 1;
            ok $where =~ m{/Content$} ? $is_open : !$is_open, "$where: closed";
            my $is_answer = $where !~ m{requestBody|/(?:New\w+|Content)$|/fields$};
            is_deeply [ sort @{ $node->{required} // [] } ], [ sort keys %{ $node->{properties} } ], "$where: all required" if $is_answer;
        }
        look($node->{$_}, "$where/$_") for sort keys %$node;
    }
    elsif (ref $node eq 'ARRAY') { look($_, $where) for @$node }
    return;
}
look($document->{components}{schemas}, '');
look($paths, '');
cmp_ok $objects, '>', 30, 'there are objects';

done_testing;
