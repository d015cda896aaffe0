# SPDX-License-Identifier: Apache-2.0
# A client of the REST API with users and tokens; every answer it sees is held against docs/openapi.yaml.
package FlixIM::Test::Api;

use strict;
use warnings FATAL => 'all';

use File::Temp ();
use JSON::PP   ();
use Test::More ();
use Time::HiRes ();

use FlixIM::Test::Cluster;
use FlixIM::Test::Contract;
use FlixIM::Test::Httpd;
use FlixIM::Test::Jwt ();
use FlixIM::Test::Wire;

=head1 SYNOPSIS

    my $api = FlixIM::Test::Api->start(                # a cluster, an httpd with a token key, and this
        settings => {...}, extra => '...', vhosts => [...],    # as for FlixIM::Test::Httpd
        cluster => { settings => {...} },                      # as for FlixIM::Test::Cluster
        with    => sub { my ($api) = @_; ... },                # more of these, from what needs files
        record  => $file,                                      # answers are appended to it, a line of JSON each
        httpd   => 0,                                          # none: users, tokens and the database alone
    );
    my $answer = $api->call('alice', GET => '/messages', query => { limit => 5 });
    my $answer = $api->call('alice:jwt', POST => '/messages', body => {...}, headers => [ 'Idempotency-Key' => 'x' ]);
    my $answer = $api->call(undef, GET => '/health');          # without a token
    my $answer = $api->call('ops:system', ...);                # a token with the scope system
    my $answer = $api->call('alice', ..., host => 1);          # the first virtual host

    $api->id('alice'); $api->token('alice:jwt'); $api->send_text('alice', 'bob', 'hello'); $api->device('alice');
    $api->flood('alice', 'bob', 1200);                         # many of them
    $api->row('SELECT ...', $value);  $api->state;             # what is in the database, in one line
    $api->finish;                                              # the tests that every test of the API ends with

The first argument of call says who asks: a user's name, ":jwt" or ":system" after it, or "=TOKEN" for the bytes
of a token. Users get their UUIDs when they are first named. A body is a hash, or a text as it shall be sent.
Every answer is a FlixIM::Test::Answer; what it breaks of docs/openapi.yaml is kept for finish to fail on.

=cut

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my %unfinished;    # names of tests whose faults nobody has looked at

sub start {
    my ($class, %option) = @_;
    my $cluster = FlixIM::Test::Cluster->start(%{ $option{cluster} // {} });
    my $dir = File::Temp->newdir('flixim-keys-XXXXXXXX', TMPDIR => 1);
    chmod 0755, $dir or die "chmod: $!";
    my $self = bless {
        cluster => $cluster, dir => $dir, secret => random_text(48), base => '/api/v1', faults => [], answers => [], record => $option{record},
    }, $class;
    # What the configuration needs of files may be made by a function, which gets this object.
    %option = (%option, $option{with}->($self)) if $option{with};
    my $settings = { FlixIMTokenKeyFile => $self->write_file('secret', $self->{secret}), %{ $option{settings} // {} } };
    $self->{httpd} = FlixIM::Test::Httpd->start(%option, cluster => $cluster, settings => $settings) if $option{httpd} // 1;
    $self->{contract} = FlixIM::Test::Contract->new;
    $unfinished{$self} = 1;
    return $self;
}

sub cluster  { return $_[0]{cluster} }
sub httpd    { return $_[0]{httpd} }
sub contract { return $_[0]{contract} }
sub secret   { return $_[0]{secret} }
sub base     { return $_[0]{base} }

# The file of the token key, as httpd and the daemon read it.
sub secret_file { return "$_[0]{dir}/secret" }

# A file beside the server's, readable by root alone or, if PUBLIC, by all; its path.
sub write_file {
    my ($self, $name, $text, $public) = @_;
    my $path = "$self->{dir}/$name";
    open my $file, '>', "$path.new" or die "$path: $!";
    print {$file} $text or die "$path: $!";
    close $file or die "$path: $!";
    chmod $public ? 0644 : 0600, "$path.new" or die "$path: $!";
    rename "$path.new", $path or die "$path: $!";
    return $path;
}

sub random_text { return join '', map { ('a' .. 'z', 'A' .. 'Z', 0 .. 9)[ rand 62 ] } 1 .. $_[0] }

# A random UUID of version 4.
sub uuid {
    my @part = map { int rand 65536 } 1 .. 8;
    return sprintf '%04x%04x-%04x-4%03x-%04x-%04x%04x%04x', @part[ 0 .. 2 ], $part[3] & 0xfff, 0x8000 | $part[4] & 0x3fff, @part[ 5 .. 7 ];
}

sub id {
    my ($self, $who) = @_;
    return $self->{ids}{ $who =~ s/:.*//r } //= uuid();
}

# The token of WHO: made at its first use.
sub token {
    my ($self, $who) = @_;
    return $1 if $who =~ /^=(.*)$/s;
    return $self->{tokens}{$who} //= do {
        my $id = $self->id($who);
        my $is_system = $who =~ /:system/;
        $who =~ /:jwt/
            ? $self->jwt($who, $is_system ? (scope => 'system') : ())
            : $self->row('SELECT flixim.issue_token(?, ?)', $id, $is_system ? 'true' : 'false');
    };
}

# An HS256 token of the server's key; claims may be replaced, and left out by undef.
sub jwt {
    my ($self, $who, %claims) = @_;
    my %all = (sub => $self->id($who), iat => time, exp => time + 3600, %claims);
    delete @all{ grep { !defined $all{$_} } keys %all };
    return FlixIM::Test::Jwt::jwt({ alg => 'HS256', typ => 'JWT' }, \%all, FlixIM::Test::Jwt::hs256($self->{secret}));
}

# The first column of the first row.
sub row {
    my ($self, $sql, @values) = @_;
    delete $self->{dbh} if $self->{dbh} && !$self->{dbh}->ping;    # the database may have been restarted
    $self->{dbh} //= $self->{cluster}->connect;
    return $self->{dbh}->selectrow_array($sql, undef, @values);
}

# A line that changes whenever a row of the data does.
sub state {    ## no critic (ProhibitBuiltinHomonyms)
    my ($self) = @_;
    my @tables = qw(users tokens conversations members messages user_messages events settings devices notification_settings pushes);
    my $line = q{(SELECT '%1$s ' || count(*) || '/' || coalesce(sum(hashtext(x::text)::bigint), 0) FROM flixim.%1$s AS x)};
    return $self->row('SELECT ' . join " || ' ' || ", map { sprintf $line, $_ } @tables);
}

sub call {
    my ($self, $who, $method, $path, %option) = @_;
    my $body = $option{body};
    $body = $json->encode($body) if ref $body;
    my @headers = @{ $option{headers} // [] };
    my $type = exists $option{type} ? $option{type} : defined $body ? 'application/json' : undef;
    unshift @headers, 'Content-Type' => $type if defined $type;
    unshift @headers, 'Content-Length' => length $body if defined $body;
    unshift @headers, Authorization => 'Bearer ' . $self->token($who) if defined $who;
    my $target = $self->{base} . $path . _query($option{query});
    my $bytes = "$method $target HTTP/1.1\r\nHost: localhost\r\n";
    while (my ($name, $value) = splice @headers, 0, 2) { $bytes .= "$name: $value\r\n" }
    my $answer = $self->_exchange($option{host} // 0, $method, "$bytes\r\n" . ($body // ''));
    $self->check($method, $path, $answer) if !$option{unchecked};
    return $answer;
}

sub _query {
    my ($query) = @_;
    return '' if !defined $query;
    return "?$query" if !ref $query;
    my $encode = sub { $_[0] =~ s/([^A-Za-z0-9_.:-])/sprintf '%%%02X', ord $1/ger };
    return '?' . join '&', map { "$_=" . $encode->($query->{$_}) } sort keys %$query;
}

# Over one connection for as long as the server keeps it; over a new one if it had closed meanwhile.
sub _exchange {
    my ($self, $host, $method, $bytes) = @_;
    for my $try (1, 2) {
        my $is_new = !$self->{wires}{$host};
        my $wire = $self->{wires}{$host} //= FlixIM::Test::Wire->new($self->{httpd}->port($host));
        $wire->send($bytes);
        my $answer = $wire->answer(head => $method eq 'HEAD');
        delete $self->{wires}{$host} if !$answer || lc($answer->header('Connection') // '') eq 'close';
        return $answer if $answer;
        die 'no answer to ' . substr($bytes, 0, 200) if $is_new;
    }
    die 'no answer to ' . substr $bytes, 0, 200;
}

# Holds an answer against the contract. PATH is below the API's, with or without a query.
sub check {
    my ($self, $method, $path, $answer) = @_;
    my $plain = $path =~ s/\?.*//sr;
    push @{ $self->{faults} }, map { "$method $plain " . $answer->status . ": $_" } $self->{contract}->faults($method, $plain, $answer);
    my $schema = $self->{contract}->schema_of($method, $plain, $answer->status);
    my %seen = (method => $method, path => $plain, status => $answer->status, body => $answer->body, schema => $schema);
    push @{ $self->{answers} }, \%seen;
    if ($self->{record}) {
        open my $file, '>>', $self->{record} or die "$self->{record}: $!";
        print {$file} $json->encode({ %seen, body => $answer->json }), "\n" or die "$self->{record}: $!";
        close $file or die "$self->{record}: $!";
    }
    return $answer;
}

# What was answered so far: hashes of method, path, status, body and the pointer to its schema.
sub answers { return @{ $_[0]{answers} } }

# -- Shortcuts ----------------------------------------------------------------------------------------

# Sends a private message and returns its id.
sub send_text {
    my ($self, $from, $to, $text, %more) = @_;
    my $answer = $self->call($from, POST => '/messages', body => text_body($self->id($to), $text, %more));
    die 'not sent: ' . $answer->body if $answer->status != 201;
    return $answer->data->{id};
}

# Registers a device for FCM and returns its id; its token is a new one, if none is given.
sub device {
    my ($self, $who, $token) = @_;
    my $answer = $self->call($who, POST => '/devices', body => { provider => 'fcm', token => $token // uuid() });
    die 'not registered: ' . $answer->body if $answer->status !~ /^20[01]$/;
    return $answer->data->{id};
}

# Sends a number of private messages, "1" and so on, in a few transactions; the database alone is asked.
sub flood {
    my ($self, $from, $to, $count, $first) = @_;
    $first //= 1;
    my $sql = q{SELECT count(*) FROM flixim.send_messages(
        array_fill($1::uuid, ARRAY[$3::int]), array_fill(clock_timestamp(), ARRAY[$3]), array_fill(false, ARRAY[$3]),
        ARRAY(SELECT gen_random_uuid() FROM generate_series(1, $3)), array_fill(NULL::text, ARRAY[$3]), array_fill($2::uuid, ARRAY[$3]),
        array_fill('private_message'::flixim.message_type, ARRAY[$3]), array_fill('text'::flixim.content_type, ARRAY[$3]),
        ARRAY(SELECT json_build_object('text', (i + $4)::text) FROM generate_series(1, $3) AS i ORDER BY i),
        array_fill(NULL::uuid, ARRAY[$3]), array_fill(NULL::timestamptz, ARRAY[$3]), array_fill(NULL::uuid, ARRAY[$3]))};
    $self->{dbh} //= $self->{cluster}->connect;
    for (my $done = 0; $done < $count; $done += 200) {
        my $now = $count - $done < 200 ? $count - $done : 200;
        $self->{dbh}->selectrow_array($sql, undef, $self->id($from), $self->id($to), $now, $done + $first - 1);
    }
    return;
}

# One such message, whose text is a number.
sub send_quietly { my ($self, $from, $to, $number) = @_; return $self->flood($from, $to, 1, $number) }

sub text_body {
    my ($receiver_id, $text, %more) = @_;
    return { receiver_id => $receiver_id, content => { text => $text }, content_type => 'text', message_type => 'private_message', %more };
}

# The id of the private conversation of two.
sub private {
    my ($self, $one, $other) = @_;
    return join ':', 'private', sort $self->id($one), $self->id($other);
}

# Makes a group of these and returns its conversation_id.
sub group {
    my ($self, @who) = @_;
    my $body = { type => 'group', participant_ids => [ map { $self->id($_) } @who ] };
    my $answer = $self->call($who[0], POST => '/conversations', body => $body);
    die 'no group: ' . $answer->body if $answer->status != 201;
    return $answer->data->{conversation_id};
}

# -- The end ------------------------------------------------------------------------------------------

# Lines of httpd's log that are faults: of ours, of a sanitizer, or the death of a child.
sub log_faults {
    my ($self) = @_;
    return if !$self->{httpd};
    return grep {/\[flixim:(?:emerg|alert|crit|error)\]|exit signal|Sanitizer|runtime error:/} split /\n/, $self->{httpd}->log;
}

# Lines of PostgreSQL's log that are faults.
sub database_faults { return grep {/\b(?:ERROR|FATAL|PANIC):/} split /\n/, $_[0]->database_log }

sub database_log {
    my ($self) = @_;
    open my $file, '<', $self->{cluster}->data . '/server.log' or die "server.log: $!";
    local $/ = undef;
    return scalar <$file> // '';
}

# PROVOKED, if given, is a pattern of the lines in the logs that this test meant to cause.
sub finish {
    my ($self, %option) = @_;
    delete $unfinished{$self};
    my %seen;
    my @faults = grep { !$seen{$_}++ } @{ $self->{faults} };
    splice @faults, 20;
    Test::More::is(join("\n", @faults), '', 'every answer is as docs/openapi.yaml says');
    my $violated = $self->row(q{SELECT string_agg(invariant || ' ' || detail, E'\n') FROM flixim.check_invariants()});
    Test::More::is($violated, undef, 'no invariant is violated');
    my $provoked = $option{provoked} // qr/(?!)/;
    Test::More::is(join("\n", grep { !/$provoked/ } $self->log_faults), '', 'no fault in the log of httpd');
    Test::More::is(join("\n", grep { !/$provoked/ } $self->database_faults), '', 'nor in that of PostgreSQL');
    return;
}

END {
    if (%unfinished && $? == 0) {
        warn "finish was not called\n";
        $? = 1;    ## no critic (RequireLocalizedPunctuationVars)
    }
}

1;
