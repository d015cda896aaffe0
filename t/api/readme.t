# SPDX-License-Identifier: Apache-2.0
# The README's session with curl: every command in it runs and is answered as it is printed there.
use strict;
use warnings FATAL => 'all';
use utf8;

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Httpd;
use FlixIM::Test::Token qw(write_file);
use FlixIM::Test::Tree  qw(slurp);
use Apache::Test        qw(-withtestmore);
use Encode              qw(decode encode);
use File::Temp          ();

# The commands of the section, each with what it prints: indented lines; a command begins with "$ " and goes on in
# lines that are indented further.
my ($section) = decode('UTF-8', slurp('README.md')) =~ /^## A session with curl\n(.*?)^## /ms;
my @steps;
for my $line (split /\n/, $section // '') {
    next if $line !~ s/^ {4}//;
    if    ($line =~ s/^\$ //)                           { push @steps, { command => $line, prints => [] } }
    elsif (@{ $steps[-1]{prints} } || $line !~ /^ {4}/) { push @{ $steps[-1]{prints} }, $line }
    else                                                { $steps[-1]{command} .= "\n$line" }
}
my @routes = sort(routes());

plan tests => 2 + @steps + 3;

cmp_ok scalar @steps,  '>', 20, 'the section has commands';
cmp_ok scalar @routes, '>', 10, 'the route table has routes';

my $cluster = FlixIM::Test::Cluster->start;
my $folder  = File::Temp->newdir;
chmod 0755, $folder or die "chmod: $!";
chomp(my $modules = `apxs -q LIBEXECDIR`);
write_file("$folder/token.key", "a secret of more than thirty-two bytes\n", 0600);
my $httpd = FlixIM::Test::Httpd->start(
    cluster => $cluster, settings => { FlixIMTokenKeyFile => "$folder/token.key" },
    extra   => qq{CustomLog "$folder/access.log" "%m %U"\n},
);

# ./dev token, from the database of this test.
write_file("$folder/dev", <<'SH', 0755);
#!/bin/bash
[ "$1" = token ] || exit 2
[ "${3-} ${4-}" = '--scope system' ] && scope=true || scope=false
psql -X -q -A -t -v user="$2" -v scope=$scope -f - <<<"SELECT flixim.issue_token(:'user', :'scope');"
SH

# All of it in one shell, as its reader has it; a line with a number after each command.
my $script = join '', map { ($steps[$_]{command} =~ s{http://localhost:8080}{$httpd->url}er) . "\nprintf '\\n\\001%d\\n' $_\n" } 0 .. $#steps;
write_file("$folder/session", encode('UTF-8', $script), 0644);
my ($output, $errors) = FlixIM::Test::Cluster::capture('bash', '-c', "cd '$folder' && . ./session");
my @printed = split /\n\001\d+\n/, decode('UTF-8', $output);

# What the README prints for what is made anew each time stands for what came instead, each time it comes.
my $uuid  = qr/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
my $time  = qr/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/;
my $object = qr/(?<object>\{(?:[^{}"]|"(?:[^"\\]|\\.)*"|(?&object))*\})/;
my %known = map { $_ => $_ } "@{[ map { $_->{command} } @steps ]}" =~ /$uuid/g;
my %keys;    # of the objects that were shown, by the first two

for my $i (0 .. $#steps) {
    my $expected = join "\n", @{ $steps[$i]{prints} };
    my $got = ($printed[$i] // '') =~ s/\n+\z//r;
    my $wrong    = difference($expected, $got);
    my ($name) = split /\n/, $steps[$i]{command};
    is $wrong, undef, encode('UTF-8', $name) or diag encode('UTF-8', "README: $expected\nprinted: $got");
}
is $errors, '', 'nothing went wrong';
is_deeply [ asked("$folder/access.log") ], \@routes, 'the session goes through all endpoints';
is $cluster->psql('SELECT * FROM flixim.check_invariants()'), '', 'all invariants hold';

# Compares what is printed with what the README shows; undef if they agree. {…} is an object with the keys, in their order,
# of one that was shown before (and begins with the same two); eyJ… is any JWT.
sub difference {
    my ($expected, $got) = @_;
    my $at = 0;
    for my $part (split /($uuid|$time|\{…\}|eyJ…)/, $expected) {
        my $rest = substr $got, $at;
        my $pattern = $part =~ /^$uuid\z/ ? (defined $known{$part} ? qr/\Q$known{$part}\E/ : $uuid)
            : $part =~ /^$time\z/ ? $time
            : $part eq '{…}'      ? $object
            : $part eq 'eyJ…'     ? qr/eyJ[\w.-]+/
            :                       qr/\Q$part\E/;
        $rest =~ /^($pattern)/ or return "not '$part' here: " . substr $rest, 0, 80;
        my $found = $1;
        $known{$part} //= $found if $part =~ /^$uuid\z/;
        if ($part eq '{…}') {
            my ($kind, $all) = keys_of($found);
            return "no object with $kind has been shown" if !$keys{$kind};
            return "other keys than before: $all" if $all ne $keys{$kind};
        }
        $at += length $found;
    }
    return 'more than is shown: ' . substr $got, $at, 80 if $at < length $got;
    while ($expected =~ /(?=$object)/g) {
        my ($kind, $all) = keys_of($+{object});
        $keys{$kind} //= $all;
    }
    return;
}

# The first two keys of an object, and all of them, without those of objects in it.
sub keys_of {
    my ($text) = @_;
    my $inside = substr $text, 1, -1;
    1 while $inside =~ s/$object/0/;
    my @keys = $inside =~ /"(\w+)"\s*:/g;
    return (join(' ', @keys > 1 ? @keys[ 0, 1 ] : @keys), "@keys");
}

# Method and path of each route of the module, with * for an id.
sub routes {
    my @found = slurp('mod_flixim/route.c') =~ /\{ M_\w+, "(\w+)", "([^"]+)"/g;
    return map { "$found[2 * $_] " . $found[ 2 * $_ + 1 ] =~ s/\{\w+\}/*/gr } 0 .. $#found / 2;
}

# What was asked, by method and route, each once.
sub asked {
    my ($log) = @_;
    my %asked;
    open my $file, '<', $log or die "$log: $!";
    while (my $line = <$file>) {
        my ($method, $path) = $line =~ m{^(\w+) /api/v1(/\S*)};
        $path =~ s{/(?:private|group|system|interaction):[^/]+|/$uuid}{/*}g;
        $asked{"$method $path"} = 1;
    }
    return sort keys %asked;
}
