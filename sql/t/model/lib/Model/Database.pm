# SPDX-License-Identifier: Apache-2.0
# Calls the functions of the schema by name and gives their rows as hashes, instants as whole microseconds since 1970.
package Model::Database;

use strict;
use warnings FATAL => 'all';

use Exporter    qw(import);
use POSIX       qw(strftime);
use Time::Local qw(timegm);

our @EXPORT_OK = qw(from_micros to_micros uuid);

my $caller = 'flixim.caller';
my $type   = 'flixim.message_type';

my %parameters = (
    authenticate         => [$caller],
    configure            => [qw(interval interval)],
    create_conversation  => [$caller, 'uuid[]', 'flixim.conversation_type'],
    delete_message       => [$caller, qw(uuid uuid)],
    get_conversation     => [$caller, 'text'],
    get_message          => [$caller, 'uuid'],
    issue_token          => [qw(uuid boolean interval)],
    list_conversations   => [$caller, qw(integer integer)],
    list_history         => [$caller, qw(text integer timestamptz uuid)],
    list_messages        => [$caller, qw(integer integer), $type, 'flixim.message_status', qw(uuid timestamptz)],
    mark_read            => [$caller, qw(uuid uuid)],
    mark_read_batch      => [$caller, 'uuid[]', 'uuid'],
    mark_read_up_to      => [$caller, qw(text uuid uuid)],
    read_all             => [$caller, 'uuid'],
    revoke_token         => ['bytea'],
    revoke_user_tokens   => ['uuid'],
    send_messages        => [
        'uuid[]', 'timestamptz[]', 'boolean[]', 'uuid[]', 'text[]', 'uuid[]', "${type}[]", 'flixim.content_type[]',
        'json[]', 'uuid[]', 'timestamptz[]', 'uuid[]', 'boolean'
    ],
    sync_events         => [$caller, qw(timestamptz integer)],
    sync_messages       => [$caller, qw(timestamptz integer)],
    unread_counts       => [$caller],
    update_conversation => [$caller, qw(text boolean boolean text)],
    withdraw_message    => [$caller, qw(uuid uuid)],
);
my %is_procedure = map { $_ => 1 } qw(read_all mark_read_up_to);

# The fields of a message in the order of send_messages' arrays.
my @fields = qw(sender_id issued_at is_system client_message_id conversation_id receiver_id message_type content_type content
    reference_id client_timestamp origin);

sub new {
    my ($class, $dbh) = @_;
    $dbh->do("SET TIME ZONE 'UTC'");
    $dbh->do('SET bytea_output = hex');
    return bless { dbh => $dbh }, $class;
}

sub dbh { return $_[0]{dbh} }

# call($function, @arguments): a list of row hashes. A caller is a hash with user_id, issued_at, is_system, token_digest;
# send_messages takes a list of message hashes and whether to wait.
sub call {
    my ($self, $name, @arguments) = @_;
    if ($name eq 'send_messages') {
        my ($messages, $wait) = @arguments;
        @arguments = ((map { my $field = $_; [map { $_->{$field} } @$messages] } @fields), $wait // 1);
    }
    my @types = @{ $parameters{$name} };
    my $statement = $self->{statement}{$name} //= $self->{dbh}->prepare(_call_text($name, @types));
    $statement->execute(map { _argument($types[$_], $arguments[$_]) } 0 .. $#types);
    return $self->_rows($name, $statement);
}

sub _call_text {
    my ($name, @types) = @_;
    my $list = join ', ', map {"?::$_"} @types;
    return $is_procedure{$name} ? "CALL flixim.$name($list, NULL, NULL)" : "SELECT * FROM flixim.$name($list)";
}

sub _argument {
    my ($type, $value) = @_;
    return $value if !defined $value;
    return _caller_text($value) if $type eq $caller;
    return from_micros($value) if $type eq 'timestamptz';
    return [map { from_micros($_) } @$value] if $type eq 'timestamptz[]';
    return "\\x$value" if $type eq 'bytea';
    return $value;
}

sub _caller_text {
    my ($who) = @_;
    return sprintf '(%s,%s,%s,%s)', $who->{user_id} // '', defined $who->{issued_at} ? from_micros($who->{issued_at}) : '',
        $who->{is_system} // '', defined $who->{token_digest} ? "\\\\x$who->{token_digest}" : '';
}

sub _rows {
    my ($self, $name, $statement) = @_;
    my $columns = $self->{columns}{$name} //= [map { $_ eq $name ? 'outcome' : s/^o_//r } @{ $statement->{NAME} }];
    my $instants = $self->{instants}{$name}
        //= [grep { $statement->{pg_type}[$_] =~ /^timestamp/ } 0 .. $#$columns];
    my $rows = $statement->fetchall_arrayref;
    for my $row (@$rows) {
        $_ = to_micros($_) for grep {defined} @$row[@$instants];
        my %named;
        @named{@$columns} = @$row;
        $row = \%named;
    }
    return $rows;
}

my %minute;    # the text of a minute to its seconds since 1970

sub to_micros {
    my ($text) = @_;
    return $text if $text =~ /infinity/;
    my ($minute, $second, $fraction) = $text =~ /^(\d{4,}-\d\d-\d\d \d\d:\d\d):(\d\d)(?:\.(\d+))?\+00$/
        or die "no instant: $text";
    my $start = $minute{$minute} //= do {
        my ($y, $m, $d, $h, $i) = $minute =~ /(\d+)/g;
        timegm(0, $i, $h, $d, $m - 1, $y);
    };
    return ($start + $second) * 1_000_000 + substr(($fraction // '') . '000000', 0, 6);
}

sub from_micros {
    my ($micros) = @_;
    return $micros if !defined $micros || $micros =~ /[^-\d]/;
    my $second = int($micros / 1_000_000);
    $second-- if $second * 1_000_000 > $micros;
    return strftime('%Y-%m-%d %H:%M:%S', gmtime $second) . sprintf '.%06d+00', $micros - $second * 1_000_000;
}

# A random UUID of version 4, from Perl's generator, so that a seed gives the same ones again.
sub uuid {
    my @word = map { int rand 65_536 } 1 .. 8;
    $word[3] = $word[3] & 0x0fff | 0x4000;
    $word[4] = $word[4] & 0x3fff | 0x8000;
    return sprintf '%04x%04x-%04x-%04x-%04x-%04x%04x%04x', @word;
}

1;
