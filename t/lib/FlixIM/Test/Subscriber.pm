# SPDX-License-Identifier: Apache-2.0
# The daemon's database, stream and subscriptions without its transports (t/lib/subscriber.c), for the time of one test.
package FlixIM::Test::Subscriber;

use strict;
use warnings FATAL => 'all';

use File::Temp  ();
use IPC::Open3  ();
use IO::Select  ();
use JSON::PP    ();
use POSIX       ();
use Time::HiRes qw(sleep time);

use FlixIM::Test::Build qw(run);
use FlixIM::Test::Tree  qw(root);

=head1 SYNOPSIS

    my $database = FlixIM::Test::Subscriber->database($cluster);    # DBI, with sql/t/lib/helpers.sql: users are numbers
    my $daemon   = FlixIM::Test::Subscriber->start($cluster, '--hold-time=0', ...);
    my $daemon   = FlixIM::Test::Subscriber->start({ conninfo => 'host=...', unready => 1 }, ...);    # does not wait
    $daemon->join('phone', 2);                        # waits for joined; its origin is user 2's number + 100
    $daemon->send('phone', 3, 'hello');               # to user 3; wait_line(qr/^sent phone (\w+)/) says how it ended
    $daemon->say('sync phone - 10');                  # a line of t/lib/subscriber.c
    $daemon->wait_line(qr/^synced phone (\S+) (\d)/); # its captures; each line once
    $daemon->wait_texts('phone', 'a b c');            # what was pushed so far, and nothing else
    $daemon->texts('phone');                          # the same, now: texts, or event types
    $daemon->metrics->{stream_reads_total};
    $daemon->log; $daemon->pid;
    $daemon->quit;                                    # it ends well, or the test has failed

=cut

my $build;    # removed when the test ends
my %alive;

# Users are numbers, and messages have names.
sub database {
    my ($class, $cluster) = @_;
    $cluster->psql("\\ir @{[root()]}/sql/t/lib/helpers.sql");
    return $cluster->connect;
}

sub uuid { return sprintf '00000000-0000-4000-8000-%012d', $_[0] }

sub _build {
    return if $build;
    $build = File::Temp->newdir('flixim-subscriber-XXXXXXXX', TMPDIR => 1);
    my $root = root();
    my @pushd = map {"'$root/pushd/$_.c'"} qw(batch block call canceller catch_up conninfo database delivery hearing log metrics notices pace payload pipeline presence reach session settings
        settings_table settings_value snapshot stream subscription users);
    my ($status, $output) = run("$build",
        'gcc -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all '
            . "-DSYSCONFDIR='\"/etc\"' -I'$root/libflixim' -iquote '$root/pushd' -isystem `pg_config --includedir` -o subscriber "
            . "'$root/t/lib/subscriber.c' @pushd '$root'/libflixim/*.c -lpq -luv -luuid -ljson-c -lcjose -lcrypto -lpthread 2>&1");
    die "t/lib/subscriber.c does not build: $output" if $status != 0;
    return;
}

sub start {
    my ($class, $cluster, @flag) = @_;
    _build();
    my $log = "$build/log." . ++$alive{count};
    open my $err, '>', $log or die "$log: $!";
    my $option   = ref $cluster eq 'HASH' ? $cluster : { conninfo => $cluster->conninfo(user => 'flixim_httpd') };
    my $pid = IPC::Open3::open3(my $in, my $out, '>&' . fileno $err, 'setpriv', '--pdeathsig', 'KILL', "$build/subscriber", "--database=$option->{conninfo}", @flag);
    my $self = bless { in => $in, out => $out, pid => $pid, log => $log, buffer => '', lines => [], pushed => {}, owner => $$ }, $class;
    $alive{of}{$pid} = $self;
    $self->wait_up if !$option->{unready};
    return $self;
}

sub pid { return $_[0]{pid} }

sub log {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self) = @_;
    open my $file, '<', $self->{log} or die "$self->{log}: $!";
    local $/ = undef;
    return scalar <$file>;
}

sub say {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $line) = @_;
    syswrite $self->{in}, "$line\n" or die "subscriber: $!";
    return $self;
}

# Reads what there is, waiting for some of it until a time.
sub _read {
    my ($self, $until) = @_;
    my $left = $until - time;
    IO::Select->new($self->{out})->can_read($left > 0 ? $left : 0) or return;
    my $got = sysread $self->{out}, $self->{buffer}, 65536, length $self->{buffer};
    die "subscriber ended: " . $self->log if !$got;
    while ($self->{buffer} =~ s/^([^\n]*)\n//) {
        my $line = $1;
        if ($line =~ /^push (\S+) (.*)/) {
            my $event = JSON::PP::decode_json($2);
            push @{ $self->{pushed}{$1} }, $event;
            push @{ $self->{at}{$1} }, time;
        }
        else { push @{ $self->{lines} }, $line }
    }
    return 1;
}

# Waits for a condition, reading meanwhile: whether it came about.
sub wait_for {
    my ($self, $condition, $seconds) = @_;
    my $until = time + ($seconds // 20);
    while (!$condition->()) {
        return 0 if time > $until;
        my $soon = time + 0.02;
        $self->_read($soon < $until ? $soon : $until);
    }
    return 1;
}

sub wait_line {
    my ($self, $pattern, $seconds) = @_;
    my @found;
    my $take = sub {
        for my $i (0 .. $#{ $self->{lines} }) {
            next if $self->{lines}[$i] !~ $pattern;
            @found = ($self->{lines}[$i] =~ $pattern);
            splice @{ $self->{lines} }, $i, 1;
            return 1;
        }
        return 0;
    };
    $self->wait_for($take, $seconds) or die "no line $pattern within its time; log:\n" . $self->log;
    return wantarray ? @found : $found[0];
}

sub wait_up {
    my ($self, $seconds) = @_;
    my $until = time + ($seconds // 30);
    while (time < $until) {
        my ($database, $stream) = $self->say('up')->wait_line(qr/^up (\d) (\d)/);
        return $self if $database && $stream;
        sleep 0.02;
    }
    die 'subscriber does not come up: ' . $self->log;
}

sub join {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $name, $user, $origin) = @_;
    $self->{pushed}{$name} = [];
    $self->say("join $name " . uuid($user) . ' ' . uuid($origin // $user + 100));
    return $self->wait_line(qr/^joined \Q$name\E (\S+)/);
}

sub send {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self, $name, $user, $text) = @_;
    return $self->say("send $name " . ($user =~ /^\d+$/ ? uuid($user) : $user) . " $text");
}

sub events { return @{ $_[0]{pushed}{ $_[1] } // [] } }

sub texts {
    my ($self, $name) = @_;
    return CORE::join ' ', map { $_->{payload}{content} ? $_->{payload}{content}{text} : $_->{event_type} } $self->events($name);
}

# Waits until as many words were pushed as wanted has; returns them, to be compared.
sub wait_texts {
    my ($self, $name, $wanted, $seconds) = @_;
    my $count = () = $wanted =~ /\S+/g;
    $self->wait_for(sub { $self->events($name) >= $count }, $seconds);
    $self->_read(time) for 1 .. 3;
    return $self->texts($name);
}

sub metrics {
    my ($self) = @_;
    $self->say('metrics')->wait_line(qr/^end$/);
    my %metric = map { /^metric (\S+) (\S+)/ ? ($1 => $2) : () } @{ $self->{lines} };
    @{ $self->{lines} } = grep { !/^metric / } @{ $self->{lines} };
    return \%metric;
}

sub quit {
    my ($self) = @_;
    delete $alive{of}{ $self->{pid} };
    $self->say('quit')->wait_line(qr/^closed$/);
    close $self->{in};
    my $until = time + 10;
    while (time < $until) {
        my $got = waitpid $self->{pid}, POSIX::WNOHANG();
        if ($got) {
            die "subscriber ended with status $?: " . $self->log if $?;
            return $self;
        }
        sleep 0.01;
    }
    kill 'KILL', $self->{pid};
    waitpid $self->{pid}, 0;
    die 'subscriber does not end: ' . $self->log;
}

END {
    my $status = $?;
    for my $self (values %{ $alive{of} // {} }) {
        next if $self->{owner} != $$;
        kill 'CONT', $self->{pid};
        kill 'KILL', $self->{pid};
        waitpid $self->{pid}, 0;
    }
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
