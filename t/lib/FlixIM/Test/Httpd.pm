# SPDX-License-Identifier: Apache-2.0
# A private httpd with the freshly built module, for the time of one test; made known to Apache::Test.
package FlixIM::Test::Httpd;

use strict;
use warnings FATAL => 'all';

use Cwd              qw(abs_path getcwd);
use File::Basename   qw(dirname);
use File::Path       qw(make_path remove_tree);
use File::Temp       ();
use IO::Socket::INET ();
use Time::HiRes      qw(sleep);

use FlixIM::Test::Cluster;
use FlixIM::Test::Port qw(free_port);

=head1 SYNOPSIS

    use FlixIM::Test::Cluster;
    use FlixIM::Test::Httpd;
    use Apache::Test        qw(-withtestmore);
    use Apache::TestRequest qw(GET HEAD POST OPTIONS);

    my $cluster = FlixIM::Test::Cluster->start;
    my $httpd   = FlixIM::Test::Httpd->start(
        cluster  => $cluster,
        settings => { FlixIMDatabaseTimeout => '1s' },    # directives of conf/flixim.conf
        database => 'flixim',                             # default: the cluster's first
        vhosts   => [ { database => 'other', extra => '...' } ],
        modules  => [qw(status)],                         # more of httpd's own
        ports    => 2,                                    # more of them, behind those of the virtual hosts, for extra
        bare     => 1,                                    # nothing of conf/flixim.conf
        pushd    => 'http://127.0.0.1:4001',              # the daemon that /socket is passed on to, with proxy and proxy_http
        handoff  => [$pushd->handoff],                    # the sockets of those that take WebSockets over; none: Off
        extra    => "LogLevel flixim:trace2\n",          # or a function that is given the server, whose ports it knows
    );
    is GET('/api/v1/health')->code, 200;
    is GET($httpd->url(1) . '/api/v1/health')->code, 200;    # the first virtual host

    $httpd->graceful; $httpd->restart; $httpd->stop; $httpd->log;
    my ($status, $output) = FlixIM::Test::Httpd->check($text, ...);    # is it refused, and how

The main server is conf/flixim.conf itself, with its database, modules and settings put in place, and with two children to begin
with, so that tests see what children share. The MPM
is $FLIXIM_MPM (default: event); the module is that of $FLIXIM_BUILD. All of it is stopped and removed at
END. With a module built with --enable-sanitize, $FLIXIM_PRELOAD names the libraries it needs; whatever any
process of httpd then reports, leaks included, is shown at the end, and the test has failed.

=cut

my $root = abs_path(dirname(__FILE__) . '/../../../..');
my %alive;      # servers to stop and remove, by folder
my @reports;    # of sanitizers, from those that are gone

# The account of what t/lib/leaks.supp kept from being reported.
my $suppressed = qr/-+\nSuppressions used:\n[^-]*-+\n\n?/;

sub start {
    my ($class, %option) = @_;
    my $self = $class->_make(%option);
    my ($status, $output) = $self->_apache('start');
    die "httpd did not start: $output" . $self->log if $status != 0;
    $self->_wait_until('it listens', sub { -s "$self->{dir}/httpd.pid" && $self->_listens });
    $self->_tell_apache_test;
    return $self;
}

# Tries a configuration without starting anything: the exit status and what httpd says.
sub check {
    my ($class, %option) = @_;
    my $self = $class->_make(%option);
    my @result = $self->_apache('configtest');
    $self->_remove;
    return @result;
}

sub url  { return sprintf 'http://localhost:%d', $_[0]->port($_[1] // 0) }
sub port { return $_[0]{ports}[ $_[1] // 0 ] }
sub pid  { return _slurp("$_[0]{dir}/httpd.pid") =~ /(\d+)/ ? $1 : undef }
sub log  { return _slurp("$_[0]{dir}/error.log") }    ## no critic (ProhibitBuiltinHomonyms)
sub dir  { return $_[0]{dir} }

# Waits until CONDITION holds; dies with the log if that takes over ten seconds, or as many as are given.
sub _wait_until {
    my ($self, $what, $condition, $seconds) = @_;
    for (1 .. 20 * ($seconds // 10)) {
        return if $condition->();
        sleep 0.05;
    }
    die "httpd: not reached in time: $what\n" . $self->log;
}

sub _listens {
    my ($self) = @_;
    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->port, Timeout => 1);
}

# A graceful restart, and one that waits for nobody: done when httpd says that it goes on.
sub graceful { return $_[0]->_restart('graceful') }
sub restart  { return $_[0]->_restart('restart') }

sub _restart {
    my ($self, $how) = @_;
    my $seen = () = $self->log =~ /resuming normal operations/g;
    my ($status, $output) = $self->_apache($how);
    die "$how: $output" if $status != 0;
    $self->_wait_until('the restart', sub { $seen < (() = $self->log =~ /resuming normal operations/g) });
    return;
}

sub stop {
    my ($self) = @_;
    my $pid = $self->pid or return;
    kill 'TERM', $pid;
    # The file goes first; what a sanitizer has to say of the parent comes at its very end. Children have ten seconds.
    my $has_ended = sub { !-e "$self->{dir}/httpd.pid" && !length _slurp("/proc/$pid/cmdline") };
    $self->_wait_until('the end', $has_ended, 20);
    return;
}

sub _make {
    my ($class, %option) = @_;
    my $dir = File::Temp::tempdir('flixim-httpd-XXXXXXXX', TMPDIR => 1);
    chmod 0755, $dir or die "chmod: $!";
    make_path("$dir/conf", "$dir/htdocs", "$dir/reports");
    chmod 01777, "$dir/reports" or die "chmod: $!";    # for children, too, which have another user
    my $self = bless { dir => $dir, owner => $$, option => \%option, ports => [] }, $class;
    $alive{$dir} = $self;
    push @{ $self->{ports} }, free_port() for 0 .. @{ $option{vhosts} // [] } + ($option{ports} // 0);
    open my $file, '>', "$dir/httpd.conf" or die "httpd.conf: $!";
    print {$file} $self->_conf or die "httpd.conf: $!";
    close $file or die "httpd.conf: $!";
    return $self;
}

sub _conf {
    my ($self) = @_;
    my %option = %{ $self->{option} };
    my $mpm    = $ENV{FLIXIM_MPM} // 'event';
    my $build  = $ENV{FLIXIM_BUILD} or die "FLIXIM_BUILD must name the folder that make was run in\n";
    chomp(my $modules = `apxs -q LIBEXECDIR`);
    my @lines = (
        qq{ServerRoot "$self->{dir}"}, qq{PidFile "$self->{dir}/httpd.pid"},
        qq{ErrorLog "$self->{dir}/error.log"}, qq{DocumentRoot "$self->{dir}/htdocs"},
        "ServerName localhost:" . $self->port, 'LogLevel info',
        (map {"Listen 127.0.0.1:$_"} @{ $self->{ports} }),
        ($> == 0 ? ('User www-data', 'Group www-data') : ()),
        # Of libubsan, which asks /proc for its options when it has something to say: a child must be able to read it.
        ($ENV{FLIXIM_PRELOAD} ? qq{CoreDumpDirectory "$self->{dir}/reports"} : ()),
        (map {qq{LoadModule ${_}_module "$modules/mod_$_.so"}} "mpm_$mpm", 'authz_core', ($option{without_dbd} ? () : 'dbd'), @{ $option{modules} // [] }),
        qq{LoadModule flixim_module "$build/.libs/mod_flixim.so"},
    );
    my @vhosts = @{ $option{vhosts} // [] };
    for my $i (0 .. $#vhosts) {
        my $port = $self->port($i + 1);
        # What concerns the whole server may not stand in a virtual host.
        my $manual = $self->_manual(%option, %{ $vhosts[$i] }) =~ s{^<IfModule mpm_.*?^</IfModule>\n}{}msgr;
        push @lines, "<VirtualHost *:$port>", "ServerName vhost$port", $manual, $vhosts[$i]{extra} // '', '</VirtualHost>';
    }
    my $extra = ref $option{extra} ? $option{extra}->($self) : $option{extra} // '';
    return join "\n", @lines, $option{bare} ? () : $self->_manual(%option), 'StartServers 2', $extra, '';
}

# conf/flixim.conf with its database and settings put in place.
sub _manual {
    my ($self, %option) = @_;
    my $text = _slurp("$root/conf/flixim.conf");
    my %env = $option{cluster} ? $option{cluster}->env : (PGHOST => '/nonexistent', PGDATABASE => 'none');
    my $conninfo = "host=$env{PGHOST} dbname=" . ($option{database} // $env{PGDATABASE});
    $text =~ s/^LoadModule .*\n//mg;
    $text =~ s{host=/run/postgresql dbname=flixim}{$conninfo} or die 'conf/flixim.conf: no DBDParams';
    if ($option{pushd}) {
        $text =~ s{unix:/run/flixim/pushd\.sock\|http://localhost/}{$option{pushd}/} or die 'conf/flixim.conf: no ProxyPass';
    }
    my $daemons = join ' ', @{ $option{handoff} // ['Off'] };
    $text =~ s{^FlixIMHandoff .*}{FlixIMHandoff $daemons}m or die 'conf/flixim.conf: no FlixIMHandoff';
    my %setting = %{ $option{settings} // {} };
    for my $name (sort keys %setting) {
        $text =~ s/^ *#?\Q$name\E .*/$name $setting{$name}/m or die "conf/flixim.conf: no $name";
    }
    return $text;
}

# Lets Apache::TestRequest find the server: it looks for conf/apache_test_config.pm from where we are.
sub _tell_apache_test {
    my ($self) = @_;
    require Apache::TestConfig;
    # It asks httpd -V, which on Debian complains that there is no configuration in /etc.
    open my $stderr, '>&', \*STDERR   or die "dup: $!";
    open STDERR,     '>',  '/dev/null' or die "/dev/null: $!";
    my $here = getcwd();
    chdir $self->{dir} or die "chdir: $!";
    my $config = Apache::TestConfig->new(
        {
            httpd => '/usr/sbin/apache2', top_dir => $self->{dir}, t_dir => $self->{dir},
            port  => $self->port, servername => 'localhost', save => 1,
        }
    );
    $config->save;
    require Apache::Test;
    Apache::Test::config();
    chdir $here or die "chdir: $!";
    open STDERR, '>&', $stderr or die "dup: $!";
    return;
}

sub _apache {
    my ($self, $action) = @_;
    my @action = $action eq 'configtest' ? '-t' : ('-k', $action);
    # A module built with --enable-sanitize needs its run-time libraries in httpd before all others.
    local $ENV{LD_PRELOAD} = $ENV{FLIXIM_PRELOAD} // '';
    my $options = "abort_on_error=1:log_path=$self->{dir}/reports/of";
    # mod_ssl leaves behind what is not ours, under names of OpenSSL's that would hide what is.
    my $has_leaks = grep { $_ eq 'ssl' } @{ $self->{option}{modules} // [] };
    local $ENV{ASAN_OPTIONS}  = "$options:detect_leaks=" . ($has_leaks ? 0 : 1);
    local $ENV{LSAN_OPTIONS}  = "suppressions=$root/t/lib/leaks.supp:print_suppressions=1";
    local $ENV{UBSAN_OPTIONS} = "$options:print_stacktrace=1:halt_on_error=1";
    return FlixIM::Test::Cluster::capture_all('/usr/sbin/apache2', '-f', "$self->{dir}/httpd.conf", @action);
}

sub _slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/ = undef;
    return scalar <$file> // '';
}

sub _remove {
    my ($self) = @_;
    return if $self->{owner} != $$ || !delete $alive{ $self->{dir} };
    $self->stop;
    push @reports, $self->_reports;
    remove_tree($self->{dir}) if !$ENV{FLIXIM_KEEP};
    return;
}

# What sanitizers had to report. That of undefined behaviour writes to the log all the same.
sub _reports {
    my ($self) = @_;
    return ($self->log =~ /^((?!\[).*(?:runtime error:|Sanitizer:).*\n(?:(?!\[).*\n)*)/mg,
        grep { !/\A$suppressed*\z/ } map { _slurp($_) } glob "$self->{dir}/reports/*");
}

END {
    my $status = $?;
    for my $httpd (values %alive) {
        eval { $httpd->_remove; 1 } or warn $@;
    }
    # Children say the same, but for numbers of their own.
    my %said;
    warn grep { !$said{ s/==\d+==|\b0x\w+//gr }++ } @reports if @reports;
    $? = $status || @reports && 1;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
