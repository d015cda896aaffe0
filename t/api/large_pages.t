# SPDX-License-Identifier: Apache-2.0
# A page of very large messages ends early, and the next one goes on where it ended.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Api;
use Apache::Test qw(-withtestmore);

my $api = FlixIM::Test::Api->start;
my ($alice, $bob) = ($api->id('alice'), $api->id('bob'));
my $page = 8 * 1024 * 1024;
my @sent = split / /, $api->row(<<~"SQL");
    SELECT string_agg(s.id::text, ' ' ORDER BY s.ordinal)
    FROM (SELECT 40 AS size) AS n, flixim.send_messages(array_fill('$alice'::uuid, ARRAY[size]), array_fill(now(), ARRAY[size]),
        array_fill(false, ARRAY[size]), array_fill(NULL::uuid, ARRAY[size]), array_fill(NULL::text, ARRAY[size]),
        array_fill('$bob'::uuid, ARRAY[size]), array_fill('private_message'::flixim.message_type, ARRAY[size]),
        array_fill('product'::flixim.content_type, ARRAY[size]), array_fill(json_build_object('large', repeat('x', 250000)), ARRAY[size]),
        array_fill(NULL::uuid, ARRAY[size]), array_fill(NULL::timestamptz, ARRAY[size]), array_fill(NULL::uuid, ARRAY[size])) AS s
    SQL

# All pages of a request: NEXT says from an answer's text and its last id what to ask for next, or undef at the end. (The texts
# are too long to be read as JSON in good time.)
sub pages {
    my ($path, $query, $next) = @_;
    my (@ids, @sizes);
    while ($query && @sizes < 100) {
        my $body = $api->call('bob', GET => $path, query => $query, unchecked => 1)->body;
        my @on_page = $body =~ /"id":"([0-9a-f-]{36})","client_message_id"/g;
        push @ids, @on_page;
        push @sizes, length $body;
        $query = $next->($body, $on_page[-1]);
    }
    return (\@ids, @sizes);
}
sub before { return $_[1] ? { limit => 200, before_id => $_[1] } : undef }

for my $case (
    [ '/messages/sync', {}, sub { $_[0] =~ /"sync_time":"([^"]+)","has_more":true/ ? { last_sync_time => $1 } : undef }, @sent ],
    [ '/messages', { limit => 200 }, \&before, reverse @sent ],
    [ '/conversations/' . $api->private('alice', 'bob') . '/messages', { limit => 200 }, \&before, reverse @sent ],
  ) {
    my ($path, $query, $next, @wanted) = @$case;
    my ($ids, @sizes) = pages($path, $query, $next);
    cmp_ok $sizes[1], '>', 250_000, "$path: a second page";
    is scalar(grep { $_ > $page + 300_000 } @sizes), 0, "$path: none much larger than 8 MiB";
    is_deeply $ids, \@wanted, "$path: all messages, each once, in order";
}
$api->finish;
done_testing;
