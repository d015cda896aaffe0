# SPDX-License-Identifier: Apache-2.0
# docs/openapi.yaml as a judge of answers: status, headers and body of each, by method and path; docs/asyncapi.yaml likewise.
package FlixIM::Test::Contract;

use strict;
use warnings FATAL => 'all';

use IPC::Open2 qw(open2);
use JSON::PP   ();

use FlixIM::Test::Tree qw(root);

=head1 SYNOPSIS

    my $contract = FlixIM::Test::Contract->new;                 # of docs/openapi.yaml, or of another one below docs/
    my @faults = $contract->faults($method, $path, $answer);    # path below the API's, without the query
    my @faults = $contract->judge($pointer, $json_text);
    my @lists_of_faults = $contract->judge_all($pointer, @json_texts);
    $contract->document;                                        # the whole of it, decoded
    $contract->schema_of($method, $path, $status);              # pointer to a body's schema

=cut

my $json = JSON::PP->new->utf8->allow_nonref;

# Headers that are httpd's.
my $everywhere = qr/^(?:Date|Server|Connection|Keep-Alive|Content-Length|Content-Type)$/;

sub new {
    my ($class, $name) = @_;
    my $self = bless { owner => $$ }, $class;
    $name //= 'openapi.yaml';
    $self->{pid} = open2($self->{from}, $self->{to}, root() . '/t/lib/openapi', root() . "/docs/$name");
    my $line = readline $self->{from} // '';
    $self->{document} = $json->decode($line || die "t/lib/openapi cannot read docs/$name\n");
    return $self;
}

sub document { return $_[0]{document} }

sub judge {
    my ($self, $pointer, $text) = @_;
    # Errors come back word for word, thousands of times.
    my $faults = $self->{known}{$pointer}{$text} // ($self->judge_all($pointer, $text))[0];
    $self->{known}{$pointer}{$text} = $faults if length $text < 400;
    return @$faults;
}

sub judge_all {
    my ($self, $pointer, @texts) = @_;
    my $request = { schema => $pointer, texts => [ map { _characters($_) } @texts ] };
    print { $self->{to} } $json->encode($request), "\n" or die "t/lib/openapi: $!";
    return @{ $json->decode(readline $self->{from} // die "t/lib/openapi has ended\n") };
}

sub _characters {
    my ($bytes) = @_;
    my $text = $bytes;
    utf8::decode($text) or return '"no UTF-8';
    return $text;
}

# The template of the document that a path is an instance of, literal paths first; or undef.
sub template {
    my ($self, $path) = @_;
    my $paths = $self->{document}{paths};
    return $path if $paths->{$path} && $path !~ /\{/;
    for my $template (grep {/\{/} sort keys %$paths) {
        my $pattern = join '[^/]+', map {quotemeta} split /\{\w+\}/, $template, -1;
        return $template if $path =~ /^$pattern$/;
    }
    return;
}

# A response of the document and the pointer to it; nothing if that status is not documented there.
sub response {
    my ($self, $method, $path, $status) = @_;
    my $template = $self->template($path);
    my $word = lc($method eq 'HEAD' ? 'GET' : $method);
    my $operation = $template && $method eq uc $method && $self->{document}{paths}{$template}{$word};
    my $pointer = $operation ? join '/', '#/paths', $template =~ s{~}{~0}gr =~ s{/}{~1}gr, $word, 'responses', $status : "#/x-elsewhere/$status";
    my $response = $operation ? $operation->{responses}{$status} : $self->{document}{'x-elsewhere'}{$status};
    return if !$response;
    ($response, $pointer) = $self->resolve($response->{'$ref'}) if $response->{'$ref'};
    return ($response, $pointer);
}

sub resolve {
    my ($self, $pointer) = @_;
    my $node = $self->{document};
    $node = $node->{$_} // die "no $pointer" for (split m{/}, $pointer)[ 1 .. ($pointer =~ tr{/}{}) ];
    return ($node, $pointer);
}

sub schema_of {
    my ($self, $method, $path, $status) = @_;
    my ($response, $pointer) = $self->response($method, $path, $status);
    return $response && $response->{content} && "$pointer/content/application~1json/schema";
}

sub faults {
    my ($self, $method, $path, $answer) = @_;
    my ($response, $pointer) = $self->response($method, $path, $answer->status)
        or return "status @{[ $answer->status ]} is not documented";
    my @faults = $self->_header_faults($response, $pointer, $answer);
    my $type = $answer->header('Content-Type') // '';
    if (!$response->{content} || $method eq 'HEAD') {
        push @faults, 'a body' if length $answer->body;
        push @faults, "type $type" if $type ne ($response->{content} ? 'application/json; charset=utf-8' : '');
        return @faults;
    }
    push @faults, "type $type" if $type ne 'application/json; charset=utf-8';
    return (@faults, $self->judge("$pointer/content/application~1json/schema", $answer->body));
}

sub _header_faults {
    my ($self, $response, $pointer, $answer) = @_;
    my %header = %{ $response->{headers} // {} };
    my %count;
    $count{ lc $_->[0] }++ for @{ $answer->{headers} };
    my @faults = map {"header $_ comes twice"} grep { $count{$_} > 1 } sort keys %count;
    for my $name (sort keys %header) {
        my ($header, $at) = ($header{$name}, "$pointer/headers/$name");
        ($header, $at) = $self->resolve($header->{'$ref'}) if $header->{'$ref'};
        my $value = $answer->header($name);
        if (!defined $value) { push @faults, "header $name is missing" if $header->{required}; next }
        push @faults, map {"header $name$_"} $self->judge("$at/schema", $json->encode($value));
    }
    for my $name (map { $_->[0] } @{ $answer->{headers} }) {
        next if $name =~ $everywhere || grep { lc $_ eq lc $name } keys %header;
        push @faults, "header $name is not documented";
    }
    return @faults;
}

sub DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    close $self->{to};
    waitpid $self->{pid}, 0;
    return;
}

1;
