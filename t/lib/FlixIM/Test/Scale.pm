# SPDX-License-Identifier: Apache-2.0
# What the tests with many sockets have in common: all join, all are told something, httpd's threads are idle.
package FlixIM::Test::Scale;

use strict;
use warnings FATAL => 'all';

use Exporter    qw(import);
use HTTP::Tiny  ();
use Test::More  ();
use Time::HiRes qw(sleep);

use FlixIM::Test::Load qw(users_file);

our @EXPORT_OK = qw(busy children open_all rest_answers tell_all $httpd_conf);

=head1 SYNOPSIS

    my $httpd = FlixIM::Test::Httpd->start(..., modules => ['status'], extra => $httpd_conf);    # 50 threads, and their status
    my ($load) = open_all(\@users, "127.0.0.1:$port", %more);     # a test: all have joined
    tell_all($cluster, \@users, $load, 'after a restart');        # a test: each is told something, once, none has gone
    is busy($httpd), 1, '...';                                    # threads that do something, with the one that answers
    rest_answers($httpd, $user);                                  # a test: within a second
    my @pids = children($httpd->pid);

=cut

our $httpd_conf = <<'CONF';
<IfModule mpm_event_module>
    ServerLimit 2
    ThreadsPerChild 25
    MaxRequestWorkers 50
    MinSpareThreads 25
    MaxSpareThreads 50
</IfModule>
ListenBacklog 4096
<Location "/server-status">
    SetHandler server-status
</Location>
CONF

# Ports of one address would not do: each has some 28,000, less those that wait for their end.
sub open_all {
    my ($users, $to, %option) = @_;
    my $load = FlixIM::Test::Load->start('connect', users => users_file(@{$users}), to => $to, from => [ map {"127.0.0.$_"} 2 .. 5 ],
        seconds => 30, patience => 60, %option);
    my $ready = $load->ready(240);
    Test::More::is("$ready->{joined} $ready->{failed}", @{$users} . ' 0', 'all ' . @{$users} . ' have joined') or Test::More::diag($ready->{first});
    return $load;
}

# A message of the system to each, from somebody who is not there; loads that all have to have heard it.
sub tell_all {
    my ($cluster, $users, $loads, $when) = @_;
    my @loads = ref $loads eq 'ARRAY' ? @{$loads} : $loads;
    my @ids   = map { $_->{id} } @{$users};
    while (my @some = splice @ids, 0, 500) {
        $cluster->psql(<<~'SQL', vars => { ids => join ' ', @some });
            SELECT count(s.outcome)
            FROM (SELECT string_to_array(:'ids', ' ')::uuid[] AS ids) AS u, LATERAL (SELECT ARRAY[cardinality(u.ids)] AS size) AS b,
                flixim.send_messages(array_fill('ffffffff-0000-4000-8000-000000000000'::uuid, size), array_fill(now(), size), array_fill(true, size), array_fill(NULL::uuid, size),
                    array_fill(NULL::text, size), u.ids, array_fill('system_notification'::flixim.message_type, size),
                    array_fill('system'::flixim.content_type, size), array_fill('{"title":"all"}'::json, size), array_fill(NULL::uuid, size),
                    array_fill(NULL::timestamptz, size), array_fill(NULL::uuid, size)) AS s
            SQL
    }
    $_->say('go') for @loads;
    my %sum;
    for my $load (@loads) {
        my $report = $load->report;
        $sum{$_} += $report->{$_} for qw(told events gone lost repeated wrong);
        Test::More::diag($report->{first}) if $report->{first};
    }
    my $count = @{$users};
    return Test::More::is(join(' ', map {"$_ $sum{$_}"} qw(told events gone lost repeated wrong)), "told $count events $count gone 0 lost 0 repeated 0 wrong 0",
        join ' ', "each of $count is told what there is", $when // ());
}

# The least of a second: a thread may just be done with something else.
sub busy {
    my ($httpd) = @_;
    my $least = 1000;
    for (1 .. 10) {
        my $answer = HTTP::Tiny->new(keep_alive => 0)->get($httpd->url . '/server-status?auto');
        my ($busy) = $answer->{content} =~ /^BusyWorkers: (\d+)/m or die "no status: $answer->{status} $answer->{content}\n";
        $least = $busy if $busy < $least;
        last if $least <= 1;
        sleep 0.1;
    }
    return $least;
}

sub rest_answers {
    my ($httpd, $user) = @_;
    my $http = HTTP::Tiny->new(keep_alive => 0, timeout => 5, default_headers => { Authorization => "Bearer $user->{token}" });
    my @statuses = map { $http->get($httpd->url . '/api/v1/messages/unread_count')->{status} } 1 .. 20;
    return Test::More::is("@statuses", join(' ', (200) x 20), 'REST answers meanwhile');
}

# The processes that a process has started.
sub children {
    my ($parent) = @_;
    my @children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $stat or next;
        push @children, $1 if (<$file> // '') =~ /^(\d+) \(.*\) \S $parent /;
    }
    return @children;
}

1;
