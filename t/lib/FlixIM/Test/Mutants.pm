# SPDX-License-Identifier: Apache-2.0
# Mutants of C sources: each check that leads to a refusal, taken out, turned round, or moved by one.
package FlixIM::Test::Mutants;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

use FlixIM::Test::Tree qw(slurp);

=head1 SYNOPSIS

    for my $mutant (mutants('pushd/websocket.c')) {
        $mutant->{name};    # "pushd/websocket.c:219: never (frame->rsv != 0 ...)"
        $mutant->{text};    # the whole source, with that one change
    }

A check is an if whose body refuses something (see $refuses), in a source as clang-format leaves it. Of each come: the condition never
true, the condition turned round, each operand of its outermost || or && without effect, and each < and > moved by one. What a
condition does beside its value it still does.

=cut

our @EXPORT_OK = qw(mutants);

# What makes the body of an if a refusal.
my $refuses = qr/\b(?:return (?!NULL)|fail\(|refuse\w*\(|close_with\(|push_connection_(?:cut|finish|drop)\(|reject\(|status = |is_complete = |why = )/;

sub mutants {
    my ($file) = @_;
    my $source = slurp($file);
    my @found;
    while ($source =~ /^[ \t}]*(?:else )?if \(/mg) {
        my $from = pos $source;
        my $to   = _closing($source, $from - 1, '(', ')');
        my $rest = substr $source, $to + 1;
        next if $rest !~ /^ \{/;
        my $body = substr $rest, 2, _closing($rest, 1, '{', '}') - 2;
        next if $body !~ $refuses;
        my $condition = substr $source, $from, $to - $from;
        my $line = 1 + (substr($source, 0, $from) =~ tr/\n//);
        for my $change (_changes($condition)) {
            my ($what, $at, $length, $new) = @$change;
            my $text = $source;
            substr $text, $from + $at, $length, $new;
            my $old = _shown($condition, $what, $at, $length);
            push @found, { name => "$file:$line: $what ($old)", file => $file, line => $line, text => $text, condition => $condition =~ s/\s+/ /gr };
        }
        pos($source) = $from;
    }
    # Answers that are expressions: "return a || b;" in a function that judges, "x = a ? b : c" are not looked at.
    while ($source =~ /^[ \t]*return (?=[^;]*?(?:&&|\|\||==|!=))/mg) {
        my $from = pos $source;
        my ($whole) = substr($source, $from) =~ /\A((?:'(?:\\.|[^\\])'|"(?:\\.|[^\\"])*"|[^;'"])*);/s or next;
        my $to = $from + length $whole;
        my $expression = substr $source, $from, $to - $from;
        next if $expression =~ /\?/;
        my $line = 1 + (substr($source, 0, $from) =~ tr/\n//);
        for my $change (grep { $_->[0] ne 'never' } _changes($expression)) {
            my ($what, $at, $length, $new) = @$change;
            my $text = $source;
            substr $text, $from + $at, $length, $new;
            my $old = _shown($expression, $what, $at, $length);
            push @found, { name => "$file:$line: $what ($old)", file => $file, line => $line, text => $text, condition => $expression =~ s/\s+/ /gr };
        }
        pos($source) = $from;
    }
    return @found;
}

# What was changed, for a name: an operator with what stands around it.
sub _shown {
    my ($text, $what, $at, $length) = @_;
    return substr($text, $at, $length) =~ s/\s+/ /gr if $what ne 'moved';
    my ($left)  = substr($text, 0, $at) =~ /([^()&|]*)\z/;
    my ($right) = substr($text, $at + $length) =~ /\A([^&|]*)/;
    return ($left . substr($text, $at, $length) . $right) =~ s/\s+/ /gr =~ s/\A | \z//gr;
}

# Where the bracket at a place is closed.
sub _closing {
    my ($text, $at, $open, $close) = @_;
    my $depth = 0;
    for my $i ($at .. length($text) - 1) {
        my $c = substr $text, $i, 1;
        next if substr($text, $i - 1, 3) =~ /^'.'$/;
        $depth++ if $c eq $open;
        return $i if $c eq $close && --$depth == 0;
    }
    die "no $close for the $open at $at\n";
}

# [ what, offset, length, new text ] for each change of a condition.
sub _changes {
    my ($condition) = @_;
    my @changes = (
        [ 'never',  0, length $condition, "(($condition) && 0)" ],
        [ 'not',    0, length $condition, "!($condition)" ],
    );
    for my $part (_operands($condition, 0)) {
        my ($at, $length, $operator) = @$part;
        my $old = substr $condition, $at, $length;
        push @changes, [ 'without', $at, $length, $operator eq '||' ? "(($old) && 0)" : "(($old) || 1)" ];
    }
    while ($condition =~ /(?<![-<>=])([<>])(=?) /g) {
        my $at = pos($condition) - 1 - length "$1$2";
        push @changes, [ 'moved', $at, length "$1$2", $2 ? $1 : "$1=" ];
    }
    return @changes;
}

# The operands of the outermost operator of an expression, and those of operands in brackets: [ offset, length, operator ].
sub _operands {
    my ($text, $offset) = @_;
    my ($depth, @ors, @ands) = (0);
    for my $i (0 .. length($text) - 2) {
        my $two = substr $text, $i, 2;
        my $one = substr $two, 0, 1;
        $depth++ if $one eq '(' && substr($text, $i - 1, 1) ne "'";
        $depth-- if $one eq ')' && substr($text, $i - 1, 1) ne "'";
        push @ors,  $i if !$depth && $two eq '||';
        push @ands, $i if !$depth && $two eq '&&';
    }
    my ($operator, @at) = @ors ? ('||', @ors) : @ands ? ('&&', @ands) : return;
    my @parts;
    my $from = 0;
    for my $end (@at, length $text) {
        my $part = substr $text, $from, $end - $from;
        my ($before) = $part =~ /^(\s*)/;
        my ($after)  = $part =~ /(\s*)$/;
        my $length = length($part) - length($before) - length $after;
        my $at = $from + length $before;
        push @parts, [ $offset + $at, $length, $operator ];
        my $inner = substr $text, $at, $length;
        push @parts, _operands(substr($inner, 1, -1), $offset + $at + 1) if $inner =~ /^\(.*\)$/s && _closing($inner, 0, '(', ')') == $length - 1;
        push @parts, _operands($inner, $offset + $at) if $operator eq '||' && $inner !~ /^\(/;
        $from = $end + 2;
    }
    return @parts;
}

1;
