# SPDX-License-Identifier: Apache-2.0
# The files of the source tree, for tests that look at the tree itself.
package FlixIM::Test::Tree;

use strict;
use warnings FATAL => 'all';

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use File::Find     qw(find);

our @EXPORT_OK = qw(root files tracked_by_git slurp scripts);

my $root = abs_path(dirname(__FILE__) . '/../../../..');

sub root { return $root }

# What the build leaves in a tree; matters only where git cannot tell.
my $built = qr{
    ^var/ | (?:^|/)(?:\.deps|\.libs|_build|_inst|autom4te\.cache|build-aux)/
    | \.(?:o|lo|la|so)$ | (?:^|/)\.dirstamp$ | ^m4/l(?:ibtool|t[\w~]+)\.m4$
    | ^(?:configure|config\.\w+|Makefile|Makefile\.in|aclocal\.m4|libtool|dist-files)$
}x;

# All files of the tree, sorted, relative to it: what git tracks or would track; in an unpacked tarball,
# which has no git, all but what was built. Links are left out, and so is README, a link that becomes a
# copy in a tarball.
sub files {
    my @files = tracked_by_git();
    if (!@files) {
        find({ no_chdir => 1, wanted => sub { push @files, substr $_, 1 + length $root if -f } }, $root);
        @files = grep { !/$built/ } @files;
    }
    return sort grep { -f "$root/$_" && !-l "$root/$_" && $_ ne 'README' } @files;
}

sub tracked_by_git {
    return () if !-e "$root/.git";
    open my $git, '-|', 'git', '-c', "safe.directory=$root", '-C', $root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'
        or return ();
    local $/ = "\0";
    my @files = <$git>;
    chomp @files;
    close $git or return ();
    return grep { -e "$root/$_" || -l "$root/$_" } @files;
}

# A file of the tree, as bytes.
sub slurp {
    my ($file) = @_;
    open my $handle, '<:raw', "$root/$file" or die "$file: $!";
    local $/ = undef;
    return scalar <$handle> // '';
}

# Files that are run by an interpreter whose name matches, by their first line or their suffix.
sub scripts {
    my ($interpreter, $suffix) = @_;
    return grep { /$suffix/ || slurp($_) =~ m{^#!\S*/(?:env )?$interpreter} } files();
}

1;
