# SPDX-License-Identifier: Apache-2.0
# Notifications of the chat page in Chromium, from the message to the click: t/clients/page_notifications.mjs, step by step.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Page;
use FlixIM::Test::Providers;
use JSON::PP ();
use Test::More;

# In place of a browser vendor's server: it decrypts what the daemon sends, and the script hands that to the browser.
my $providers = FlixIM::Test::Providers->start;
my @browsers  = $providers->subscriptions([ map {"browser-$_"} 1 .. 20 ]);
my $page      = FlixIM::Test::Page->start(settings => { $providers->settings('web_push') }, more => { subscriptions => \@browsers });
my $api       = $page->api;
$api->row(q{SELECT flixim.configure(p_push_delay => '300 milliseconds')});

# Devices as the database has them.
sub devices {
    return $api->row(<<'SQL');
SELECT string_agg(concat_ws(' ', user_id, provider, platform, locale, CASE WHEN disabled_at IS NULL THEN 'active' ELSE disabled_reason END, destination), '; ')
FROM flixim.devices
SQL
}

# What the daemon has sent so far, or sends soon.
sub pushed {
    my @data = map { $_->{data} } $providers->wait_received(1);
    $providers->forget;
    return JSON::PP->new->encode(\@data);
}

$page->run('page_notifications.mjs', devices => \&devices, pushed => \&pushed, forget => sub { $providers->forget; return });
is join("\n", $providers->faults), '', 'every push is as a browser wants it';
$page->finish;
done_testing;
