# SPDX-License-Identifier: Apache-2.0
# Notifications of the chat page in Chromium: t/clients/page_notifications.mjs, step by step.
use strict;
use warnings FATAL => 'all';

use FindBin qw($Bin);
use lib "$Bin/../lib";
use FlixIM::Test::Page;
use Test::More;

my $page = FlixIM::Test::Page->start;
my $api  = $page->api;

# The key of a daemon that does Web Push, a point of P-256. Ours does not: nothing is to go to a vendor from here.
my $key = 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8';
$api->row(q{SELECT flixim.beat(gen_random_uuid(), '1 hour', '1 minute', ?)}, $key);

# Devices as the database has them.
sub devices {
    return $api->row(<<'SQL');
SELECT string_agg(concat_ws(' ', user_id, provider, platform, locale, CASE WHEN disabled_at IS NULL THEN 'active' ELSE disabled_reason END, destination), '; ')
FROM flixim.devices
SQL
}

$page->run('page_notifications.mjs', devices => \&devices);
$page->finish;
done_testing;
