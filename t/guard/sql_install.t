# SPDX-License-Identifier: Apache-2.0
# The installer: again, in parallel, as somebody else, over an older schema, over a newer one, and where it fails half-way.
use strict;
use warnings FATAL => 'all';

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp ();
use FindBin    qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Cluster;
use FlixIM::Test::Tree qw(files slurp root);
use Test::More;

my $cluster = FlixIM::Test::Cluster->start(databases => ['first'], schema => 0);
my $newest  = () = grep { m{^sql/migrations/} } files();

# The command that installs the schema in a database: from another folder than sql/, or as another role.
sub installer {
    my ($database, %option) = @_;
    my $folder = $option{folder} // root() . '/sql';
    my @as = $option{role} ? ('-c', "SET SESSION AUTHORIZATION $option{role}") : ();
    return ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $database, @as, '-f', "$folder/install.sql");
}

sub install { return FlixIM::Test::Cluster::capture_all(installer(@_)) }

sub ok_install {
    my ($what, @arg) = @_;
    my ($status, $output) = install(@arg);
    is $status, 0, $what or diag $output;
    return;
}

# Several installers at once; their exit statuses.
sub install_at_once {
    my @databases = @_;
    my @pids;
    for my $database (@databases) {
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            open STDOUT, '>', '/dev/null' or POSIX::_exit(126);
            exec { 'psql' } installer($database) or POSIX::_exit(127);
        }
        push @pids, $pid;
    }
    return map { waitpid $_, 0; $? >> 8 } @pids;
}

sub sql {
    my ($database, $sql) = @_;
    return $cluster->psql($sql, database => $database);
}

sub has_schema { return sql($_[0], "SELECT count(*) FROM pg_namespace WHERE nspname = 'flixim'") }

# The schema as text, and when each migration was applied.
sub state_of {
    my ($database) = @_;
    my ($status, $schema) = FlixIM::Test::Cluster::capture_all('pg_dump', '-s', '-n', 'flixim', '-d', $database);
    die "pg_dump: $schema" if $status != 0;
    $schema =~ s/^\\(?:un)?restrict .*\n//mg;
    return ($schema, sql($database, 'SELECT version, name, applied_at FROM flixim.migrations ORDER BY 1'));
}

# A copy of sql/ in which some files are changed: name => sub that changes $_.
sub changed_copy {
    my (%change) = @_;
    my $folder = File::Temp->newdir('flixim-sql-XXXXXXXX', TMPDIR => 1);
    make_path("$folder/functions", "$folder/migrations");
    copy(root() . "/sql/$_", "$folder/$_") or die "$_: $!" for map { m{^sql/((?:functions/|migrations/)?\w+\.sql)$} ? $1 : () } files();
    for my $name (keys %change) {
        local $_ = slurp("sql/$name");
        $change{$name}->();
        open my $file, '>', "$folder/$name" or die "$name: $!";
        print {$file} $_ or die "$name: $!";
        close $file or die "$name: $!";
    }
    return $folder;
}

# Before there are any roles: whoever may create in public waits for the installer with functions of PostgreSQL's names.
sql('first', <<'SQL');
GRANT CREATE ON SCHEMA public TO PUBLIC;
CREATE TABLE public.caught (who text);
CREATE FUNCTION public.spring() RETURNS text LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.caught VALUES (current_user); RETURN ''SELECT 1''; END';
CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT public.spring()';
CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE sql AS 'SELECT public.spring()';
CREATE FUNCTION public.current_setting(unknown_setting varchar) RETURNS text LANGUAGE sql AS 'SELECT public.spring()';
CREATE FUNCTION public.hashtext(varchar) RETURNS integer LANGUAGE sql AS 'SELECT length(public.spring())';
SQL
ok_install 'it installs where others have set traps', 'first';
is sql('first', 'SELECT count(*) FROM public.caught'), 0, 'and falls into none';

is sql('first', 'SELECT flixim.schema_version()'), $newest, "the schema is at version $newest";
is sql('first', q{SELECT string_agg(proname, ' ' ORDER BY proname COLLATE "C") FROM pg_proc WHERE pronamespace = 'flixim'::regnamespace}),
    join(' ', sort map { m{^sql/functions/(\w+)\.sql$} ? $1 : () } files()), 'its functions are those of the files';

my ($schema, $applied) = state_of('first');
my ($status, $output) = install('first');
is $status, 0, 'a second time';
is $output, "flixim: schema version $newest is installed\n", 'it says what is there, and no more';
is_deeply [ state_of('first') ], [ $schema, $applied ], 'and changes nothing';

# In parallel: into one database, into several, and the roles of the cluster with them.
for my $round (1 .. 3) {
    sql('postgres', "DROP DATABASE IF EXISTS $_ WITH (FORCE)") for qw(first one two);
    sql('postgres', "CREATE DATABASE $_") for qw(one two);
    sql('postgres', 'DROP ROLE IF EXISTS flixim_owner, flixim_app, flixim_admin');
    is_deeply [ install_at_once(qw(one two one two one two)) ], [ (0) x 6 ], "six at once, into two databases, round $round";
    is sql($_, 'SELECT count(*) FROM flixim.migrations'), $newest, "each migration was applied once in $_" for qw(one two);
}
my ($fresh) = state_of('one');
is $fresh, $schema, 'what came of it is the same schema';

# As a role that is no superuser.
sql('postgres', 'CREATE ROLE installer CREATEROLE; CREATE DATABASE own; GRANT CREATE ON DATABASE own TO installer');
ok_install 'a role that may create roles, and in the database, can install', 'own', role => 'installer';
ok_install 'a second time', 'own', role => 'installer';
is((state_of('own'))[0], $schema, 'the schema is the same');
sql('postgres', 'CREATE ROLE nobody; CREATE DATABASE others');
($status, $output) = install('others', role => 'nobody');
isnt $status, 0, 'a role that may not cannot';
is has_schema('others'), 0, 'and leaves nothing';

# Over an older schema: the installer of each earlier version, as far as migrations go, then this one.
for my $version (1 .. $newest - 1) {
    my $older = changed_copy(
        'migrations.sql' => sub {
            my $next = $version + 1;
            s/newest_version \d+/newest_version $version/;
            s/^SELECT NOT EXISTS \(SELECT FROM flixim\.migrations WHERE version = $next\).*//ms;
        },
        'functions.sql'  => sub { $_ = '' },
        'grants.sql'     => sub { $_ = '' },
        'install.sql'    => sub { s/^SELECT flixim\.keep_partitions.*\n//m },
    );
    sql('postgres', "CREATE DATABASE older_$version");
    ok_install "given version $version", "older_$version", folder => $older;
    is sql("older_$version", 'SELECT max(version) FROM flixim.migrations'), $version, 'it is there';
    ok_install "an upgrade from version $version", "older_$version";
    is((state_of("older_$version"))[0], $schema, 'gives the same schema as a fresh one');
}

# Over a newer one.
sql('one', "INSERT INTO flixim.migrations (version, name) VALUES ($newest + 1, 'of_the_future')");
my @newer = state_of('one');
($status, $output) = install('one');
isnt $status, 0, 'a newer schema is refused';
like $output, qr/the schema is at version @{[ $newest + 1 ]}, this installer only knows $newest; use the newer release/, 'in one clear sentence';
is_deeply [ state_of('one') ], \@newer, 'and left as it is';

# Where it fails half-way.
for my $broken (
    [ 'a function that cannot be made', 'functions/wake_listeners.sql' => sub { s/^AS \$\$\nBEGIN/AS \$\$\nBEGIN nonsense/m } ],
    [ 'the last statement of the functions', 'functions.sql' => sub { $_ .= "SELECT 1 / 0;\n" } ],
    [ 'a grant', 'grants.sql' => sub { s/flixim\.send_messages/flixim.no_such_function/ } ],
    [ 'the last migration', 'migrations.sql' => sub { s/(INSERT INTO flixim\.migrations \(version, name\) VALUES \($newest,)/SELECT 1 \/ 0; $1/ } ],
) {
    my ($what, @change) = @{$broken};
    my $folder = changed_copy(@change);
    sql('postgres', 'DROP DATABASE IF EXISTS empty');
    sql('postgres', 'CREATE DATABASE empty');
    ($status) = install('empty', folder => $folder);
    isnt $status, 0, "$what fails: so does the installer";
    is has_schema('empty'), 0, 'and an empty database stays empty';
    next if $what eq 'the last migration';
    my @before = state_of('two');
    ($status) = install('two', folder => $folder);
    isnt $status, 0, 'it fails over a schema that is there, too';
    is_deeply [ state_of('two') ], \@before, 'which stays as it was';
}

# Where it cannot work at all.
sql('postgres', "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
($status, $output) = install('latin');
isnt $status, 0, 'a database of another encoding is refused';
like $output, qr/flixim needs a database with encoding UTF8, this one has LATIN1/, 'in one clear sentence';
is has_schema('latin'), 0, 'and stays empty';

done_testing;
