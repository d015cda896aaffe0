# SPDX-License-Identifier: Apache-2.0
# Random messages to send: good ones, retries, and ones with exactly one fault. All from Perl's rand, so that a seed repeats them.
package Model::Requests;

use strict;
use warnings FATAL => 'all';
use utf8;

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use JSON::PP       ();
use lib abs_path(dirname(__FILE__) . '/..');
use Model::Database qw(uuid);

our @EXPORT_OK = qw(chance message pick respelt spoilt varied);

my $json   = JSON::PP->new->canonical->allow_nonref;
my $pretty = JSON::PP->new->canonical(0)->space_after->allow_nonref;
my @words  = ('你好', 'hello', 'ok', 'a "quoted" word', 'back\\slash', 'été', "two\nlines", '😀', '{}', '100%');

sub pick   { return $_[rand @_] }
sub chance { return rand() < $_[0] }

sub text { return join ' ', map { pick(@words) } 1 .. 1 + rand(chance(0.05) ? 60 : 4) }

sub content {
    my ($content_type) = @_;
    my %body;
    $body{text} = text() if $content_type eq 'text' || chance(0.3);
    $body{image_urls} = [map {"https://example.org/$_.jpg"} 1 .. 1 + rand 9] if $content_type eq 'image' || chance(0.05);
    $body{title} = chance(0.2) ? undef : text() if chance(0.2);
    $body{image_urls} //= undef if chance(0.05);
    $body{deep_link} = 'app://' . int rand 100 if chance(0.1);
    $body{price} = int rand 1_000 if chance(0.2);    # unknown keys are kept
    return $json->encode(\%body);
}

# The same content, spelt otherwise, unless Perl can read it no better than a database.
sub respelt {
    my ($content) = @_;
    my $body = eval { $json->decode($content) };
    return defined $body && $content !~ /\de\d/ ? '  ' . $pretty->encode($body) . ' ' : $content;
}

# A message to a user or into a group, not yet addressed by an id of its own.
sub message {
    my ($sender_id, $receiver_id) = @_;
    my $content_type = chance(0.6) ? 'text' : pick(qw(text image product order comment like favorite system));
    my $type = chance(0.65) ? 'private_message' : pick(qw(interaction system_notification system_announcement));
    my $now = int(1_000_000 * time) + int rand 1_000_000;
    return {
        sender_id         => $sender_id,
        receiver_id       => $receiver_id,
        client_message_id => chance(0.9) ? uuid() : undef,
        message_type      => $type,
        content_type      => $content_type,
        content           => content($content_type),
        reference_id      => chance(0.2) ? uuid() : undef,
        client_timestamp  => chance(0.7) ? $now - int rand 5_000_000 : undef,
        origin            => chance(0.5) ? uuid() : undef,
        is_system         => $type =~ /^system/ || chance(0.1) ? 1 : pick(0, undef),
    };
}

# The same request under the same client id, with one thing changed that makes it another message.
sub varied {
    my ($m, $other_user) = @_;
    my %copy = %$m;
    return pick(
        sub { +{ %copy, content => content($copy{content_type} // 'text') =~ s/\}$/, "again": 1}/r =~ s/^\{, /{/r } },
        sub { +{ %copy, reference_id => uuid() } },
        sub { +{ %copy, content_type => 'system' } },
        sub {
            my $is_group = ($copy{conversation_id} // '') =~ /^group/;
            return $is_group ? \%copy : { %copy, conversation_id => undef, receiver_id => $other_user };
        },
    )->();
}

# A message with one fault.
sub spoilt {
    my ($m, $stranger) = @_;
    my ($me, $to) = @{$m}{qw(sender_id receiver_id)};
    my $body = sub { ({ content => $_[0], content_type => $_[1] // 'text' }) };
    my $fault = pick(
        (map { { $_ => undef } } qw(content content_type)),
        { message_type    => undef, conversation_id => undef },
        { receiver_id     => undef },
        { receiver_id     => $me, message_type => pick(qw(private_message interaction)) },
        { conversation_id => "private:$me:$me", receiver_id => undef, message_type => 'private_message' },
        { conversation_id => 'private:' . join(':', sort $me, $stranger), message_type => 'private_message' },
        { conversation_id => "interaction:$stranger", message_type => 'interaction' },
        { conversation_id => 'private:' . join(':', reverse sort $me, $to), receiver_id => pick(undef, $to),
            message_type => 'private_message' },
        { conversation_id => 'private:' . join(':', sort $to, $stranger), receiver_id => undef,
            message_type => 'private_message' },
        { conversation_id => "interaction:$to", receiver_id => undef, message_type => 'private_message' },
        { conversation_id => pick('', 'nonsense', 'private:', "interaction:$to "), receiver_id => undef },
        { conversation_id => 'group:' . uuid(), receiver_id => undef, message_type => 'private_message' },
        { conversation_id => 'group:' . uuid(), message_type => 'private_message' },
        { conversation_id => 'group:' . uuid(), receiver_id => undef, message_type => 'interaction' },
        { conversation_id => "system:notification:$to", receiver_id => pick(undef, $to), is_system => pick(0, 1),
            message_type => pick(qw(private_message interaction system_announcement)) },
        { message_type    => pick(qw(system_notification system_announcement)), is_system => pick(0, undef) },
        $body->(pick('{"text":"a\u0000b"}', '{"text":"\ud83d"}', '{"text":"a","price":1e200000}')),
        $body->(pick('[]', '"text"', '1', 'true', 'null'), pick(qw(text image system))),
        $body->(pick('{}', '{"text":""}', '{"text":null}')),
        $body->(pick('{"text":["a"]}', '{"text":{}}'), pick(qw(text system))),
        $body->($json->encode({ text => '字' x 10_001 })),
        $body->(pick('{}', '{"image_urls":[]}', '{"image_urls":null}'), 'image'),
        $body->(pick('{"image_urls":"a"}', '{"image_urls":{"0":"a"}}'), 'image'),
        $body->($json->encode({ image_urls => [1 .. 10] }) =~ s/(\d+)/"$1"/gr, 'image'),
        $body->(pick('{"image_urls":[""]}', '{"image_urls":["a",null]}', '{"image_urls":[["a"]]}'), 'image'),
        $body->(pick('{"text":"a","title":{}}', '{"text":"a","deep_link":[]}')),
    );
    return { %$m, %$fault };
}

1;
