# SPDX-License-Identifier: Apache-2.0
# Push services for the time of one test (t/lib/providers): Web Push, APNs, FCM and a webhook, with keys of the test's own.
package FlixIM::Test::Providers;

use strict;
use warnings FATAL => 'all';

use Cwd              qw(abs_path);
use File::Basename   qw(dirname);
use File::Temp       ();
use IO::Select       ();
use IO::Socket::INET ();
use JSON::PP         ();
use MIME::Base64     qw(encode_base64url);
use Time::HiRes      qw(sleep time);

use FlixIM::Test::Npm qw(clients);
use FlixIM::Test::Port qw(free_port);

=head1 SYNOPSIS

    my $providers = FlixIM::Test::Providers->start;
    my $pushd     = FlixIM::Test::Pushd->start(api => $api, settings => { $providers->settings, ... });
    $providers->settings(qw(apns fcm));                         # of these alone

    my $device = $providers->register($api, 'alice', 'web_push', 'her-phone', locale => 'en');    # POST /devices: its id. Devices have names,
                                                                # which are their tokens, or stand in their endpoint
    my $body   = $providers->device('apns', 'her-phone', ...);  # the body of such a request
    $providers->play('fcm', 'her-phone', '500', '429 after=2'); # to its next requests; see t/lib/providers/plays.mjs
    $providers->usually('apns', 'stall');                       # to all others
    my @all  = $providers->received(provider => 'apns', device => 'her-phone');    # { push_id, data, headers, faults, play, at, ... }
    my @all  = $providers->wait_received(2, device => 'her-phone');    # as soon as there are so many; dies if there are not in 10 s
    my @all  = $providers->brief;                               # of all, the little that a storm looks at
    is join("\n", $providers->faults), '', 'every request is as its service wants it';
    $providers->forget;
    $providers->stop; $providers->up;                           # with the same keys, ports and all

=cut

my $program = abs_path(dirname(__FILE__) . '/../../providers/main.mjs');
my $json    = JSON::PP->new->utf8->canonical->allow_nonref;
my %alive;    # process id => whose

sub start {
    my ($class, %option) = @_;
    my $dir = File::Temp->newdir('flixim-providers-XXXXXXXX', TMPDIR => 1);
    my $self = bless { dir => $dir, owner => $$ }, $class;
    $self->_make_certificate;
    $self->_make_keys;
    $self->up;
    return $self;
}

sub dir { return "$_[0]{dir}" }
sub pid { return $_[0]{pid} }
sub port { my ($self, $name) = @_; return $self->{ports}{$name} }

# -- Keys ---------------------------------------------------------------------------------------------

sub _openssl {
    my ($self, @command) = @_;
    my $log = "$self->{dir}/openssl.log";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>', $log       or die "$log: $!";
        open STDERR, '>&', \*STDOUT or die "dup: $!";
        chdir "$self->{dir}" or die "chdir: $!";
        umask 0077;
        exec 'openssl', @command or die "openssl: $!";
    }
    waitpid $pid, 0;
    die "openssl @command: " . $self->read_file('openssl.log') if $?;
    return;
}

sub write_file {
    my ($self, $name, $text) = @_;
    my $path = "$self->{dir}/$name";
    open my $file, '>', $path or die "$path: $!";
    print {$file} $text or die "$path: $!";
    close $file or die "$path: $!";
    chmod 0600, $path or die "$path: $!";
    return $path;
}

sub read_file {
    my ($self, $name) = @_;
    open my $file, '<:raw', "$self->{dir}/$name" or die "$name: $!";
    local $/ = undef;
    return scalar <$file>;
}

# An authority of the test's own, and a certificate of its for names of this machine.
sub _make_certificate {
    my ($self) = @_;
    $self->_openssl(qw(req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca));
    $self->_openssl(qw(req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls.key -out tls.csr -subj /CN=localhost));
    $self->write_file('names', "subjectAltName=DNS:localhost,DNS:push.localhost,DNS:other.localhost,IP:127.0.0.1\n");
    $self->_openssl(qw(x509 -req -in tls.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out tls.pem));
    return;
}

sub _make_keys {
    my ($self) = @_;
    for my $name (qw(web_push apns)) {
        $self->_openssl(qw(genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out), "$name.pem");
        $self->_openssl(qw(pkey -in), "$name.pem", qw(-pubout -out), "$name.pub");
        $self->_openssl(qw(pkey -in), "$name.pem", qw(-pubout -outform DER -out), "$name.der");
    }
    $self->_openssl(qw(genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out fcm.pem));
    $self->_openssl(qw(pkey -in fcm.pem -pubout -out fcm.pub));
    # The point is what a key of P-256 ends with.
    $self->{web_push_key} = encode_base64url(substr $self->read_file('web_push.der'), -65);
    $self->write_file('webhook.key', join('', map { ('a' .. 'z', 'A' .. 'Z', 0 .. 9)[ rand 62 ] } 1 .. 40) . "\n");
    return;
}

sub web_push_key { return $_[0]{web_push_key} }

# Google's file. Only now is it known where its server is.
sub _write_account {
    my ($self) = @_;
    $self->write_file('fcm.json', $json->encode({
        type => 'service_account', project_id => 'flixim-test', private_key_id => 'f' x 40, private_key => $self->read_file('fcm.pem'),
        client_email => 'push@flixim-test.iam.gserviceaccount.com', client_id => '1', token_uri => $self->url('fcm') . '/token',
    }));
    return;
}

# -- The servers --------------------------------------------------------------------------------------

# Where it was, or for the first time on ports that are free. Somebody else may take one of these before it listens: then on others.
sub up {
    my ($self) = @_;
    return $self->_up if $self->{ports};
    for (1 .. 5) {
        $self->{ports} = { map { $_ => free_port() } qw(web_push other_push apns fcm webhook control) };
        return $self if eval { $self->_up };
        die $@ if $@ !~ /said: taken/;
    }
    die "the push services find no free ports\n";
}

sub _up {
    my ($self) = @_;
    my $home = clients();
    my $ports = $self->{ports};
    $self->_write_account;
    my $config = {
        ports => $ports, tls_key => "$self->{dir}/tls.key", tls_certificate => "$self->{dir}/tls.pem",
        web_push => { key => $self->{web_push_key}, subscriptions => "$self->{dir}/subscriptions" },
        apns => { key => $self->read_file('apns.pub'), key_id => 'ABC123DEFG', team_id => 'DEF123GHIJ' },
        fcm => { key => $self->read_file('fcm.pub'), key_id => 'f' x 40, client_email => 'push@flixim-test.iam.gserviceaccount.com',
            project => 'flixim-test', token_uri => $self->url('fcm') . '/token' },
        webhook => { secret => $self->read_file('webhook.key') =~ s/\n\z//r },
    };
    my @command = (qw(setpriv --pdeathsig KILL node), $program, $home, $self->write_file('config.json', $json->encode($config)));
    my $pid = open my $out, '-|', @command or die "node: $!";
    $self->{pid} = $pid;
    $alive{$pid} = $self->{owner};
    IO::Select->new($out)->can_read(30) or die "the push services do not start\n";
    my $line = <$out> // die "the push services have ended\n";
    $self->{out} = $out;
    if ($line !~ /^ready/) {
        $self->stop;
        die "the push services said: $line";
    }
    return $self;
}

# Ends them at once: clients find nobody there.
sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} // return;
    kill 'KILL', $pid;
    delete $alive{$pid};
    # close() waits for it, and says how it ended.
    close delete $self->{out} or $! and die "close: $!";
    return;
}

# Or its pipe would wait for it when that is closed.
sub DESTROY {
    my ($self) = @_;
    local ($?, $!);
    $self->stop if $self->{owner} == $$;
    return;
}

sub url { my ($self, $name) = @_; return "https://localhost:$self->{ports}{$name}" }

# Settings of flixim-pushd: for all services, or those named.
sub settings {
    my ($self, @names) = @_;
    my ($dir, $ports) = @$self{qw(dir ports)};
    my %of = (
        web_push => {
            web_push_key_file => "$dir/web_push.pem", web_push_subject => 'mailto:admin@example.org',
            web_push_hosts => join ' ', map {"$_->[0]:$ports->{$_->[1]}"} [ 'localhost', 'web_push' ], [ '*.localhost', 'other_push' ],
        },
        apns => { apns_key_file => "$dir/apns.pem", apns_key_id => 'ABC123DEFG', apns_team_id => 'DEF123GHIJ', apns_topic => 'org.example.app', apns_url => $self->url('apns') },
        fcm => { fcm_key_file => "$dir/fcm.json", fcm_url => $self->url('fcm') },
        webhook => { webhook_key_file => "$dir/webhook.key", webhook_url => $self->url('webhook') . '/push' },
    );
    return (provider_ca_file => "$dir/ca.pem", map { %{ $of{$_} } } @names ? @names : sort keys %of);
}

# -- What they are told and tell ----------------------------------------------------------------------

# Asks the control port: a GET, or a POST with a body.
sub ask {
    my ($self, $path, $body) = @_;
    my $text = defined $body ? $json->encode($body) : '';
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$self->{ports}{control}") or die "push services: $!";
    my $method = defined $body ? 'POST' : 'GET';
    print {$socket} join("\r\n", "$method $path HTTP/1.0", 'Content-Length: ' . length $text, '', $text) or die "push services: $!";
    my $answer = do { local $/ = undef; scalar <$socket> } // '';
    my ($head, $rest) = split /\r\n\r\n/, $answer, 2;
    die "push services: $path: $answer\n" if $head !~ m{^HTTP/1\.1 200};
    return $json->decode($rest);
}

sub play {
    my ($self, $provider, $device, @plays) = @_;
    $self->ask('/play', { provider => $provider, device => $device, plays => @plays ? \@plays : undef });
    return;
}

sub usually {
    my ($self, $provider, @plays) = @_;
    my ($seed) = map { $_->{seed} } grep { ref } @plays;
    @plays = grep { !ref } @plays;
    $self->ask('/usual', { provider => $provider, plays => @plays ? \@plays : ['ok'], seed => $seed // 1 });
    return;
}

sub received {
    my ($self, %wanted) = @_;
    my $all = $self->ask('/received');
    return grep { my $seen = $_; !grep { ($seen->{$_} // '') ne $wanted{$_} } keys %wanted } @$all;
}

sub wait_received {
    my ($self, $count, %wanted) = @_;
    my $seconds = delete $wanted{seconds} // 10;
    my $until = time + $seconds;
    while (1) {
        my @seen = $self->received(%wanted);
        return @seen if @seen >= $count;
        die 'push services: only ' . @seen . " of $count requests: " . $json->encode(\%wanted) . "\n" if time > $until;
        sleep 0.05;
    }
    return;
}

sub brief { my ($self) = @_; return @{ $self->ask('/brief') } }
sub forget { my ($self) = @_; $self->ask('/forget', {}); return }

# What was wrong with requests; each once.
sub faults {
    my ($self) = @_;
    my %seen;
    return grep { !$seen{$_}++ } map { my $one = $_; map {"$one->{provider}: $_"} @{ $one->{faults} } } $self->brief;
}

# -- Devices ------------------------------------------------------------------------------------------

# Web Push subscriptions, as browsers give them.
sub subscriptions {
    my ($self, $names, %where) = @_;
    return @{ $self->ask('/subscribe', { names => $names, %where }) };
}

# The body of POST /devices.
sub device {
    my ($self, $provider, $name, %more) = @_;
    my %where = map { exists $more{$_} ? ($_ => delete $more{$_}) : () } qw(host port);
    my %body = (provider => $provider, platform => $provider eq 'web_push' ? 'web' : 'phone', locale => 'zh-CN', %more);
    if ($provider eq 'web_push') { ($body{subscription}) = $self->subscriptions([$name], %where) }
    # Apple's tokens are hexadecimal digits, 64 or more.
    else { $body{token} = $provider eq 'apns' ? unpack('H*', $name) . '0' x (length $name < 32 ? 64 - 2 * length $name : 0) : $name }
    return \%body;
}

sub register {
    my ($self, $api, $who, $provider, $name, %more) = @_;
    my $answer = $api->call($who, POST => '/devices', body => $self->device($provider, $name, %more));
    die 'not registered: ' . $answer->body . "\n" if $answer->status !~ /^20[01]$/;
    return $answer->data->{id};
}

END {
    my $status = $?;
    kill 'KILL', $_ for grep { $alive{$_} == $$ } keys %alive;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars)
}

1;
