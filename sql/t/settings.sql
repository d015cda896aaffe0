-- SPDX-License-Identifier: Apache-2.0
-- The site's settings: one row, changed by the administrator, each within its bounds.

\ir lib/begin.sql

SET LOCAL ROLE flixim_admin;
SELECT is(concat_ws(' ', s.withdraw_window, s.event_retention, s.push_delay, s.push_lifetime), c.settings, c.about)
FROM (VALUES
    (NULL::interval, NULL::interval, NULL::interval, NULL::interval, '00:02:00 30 days 00:00:02 1 day',
        'nothing given: what is there, by default two minutes, 30 days, two seconds and a day'),
    ('5 minutes', NULL, NULL, NULL, '00:05:00 30 days 00:00:02 1 day', 'the window alone'),
    (NULL, '7 days', NULL, NULL, '00:05:00 7 days 00:00:02 1 day', 'the retention alone'),
    (NULL, NULL, '10 seconds', NULL, '00:05:00 7 days 00:00:10 1 day', 'the delay of pushes alone'),
    (NULL, NULL, NULL, '1 hour', '00:05:00 7 days 00:00:10 01:00:00', 'the lifetime of pushes alone'),
    ('0', '1 day', '0', '1 minute', '00:00:00 1 day 00:00:00 00:01:00', 'all, as low as they go'),
    ('10 years', '10 years', '1 hour', '28 days', '10 years 10 years 01:00:00 28 days', 'all, as high as they go')
) AS c (withdraw_window, event_retention, push_delay, push_lifetime, settings, about),
LATERAL flixim.configure(c.withdraw_window, c.event_retention, c.push_delay, c.push_lifetime) AS s;
SELECT throws_ok(
    format('SELECT flixim.configure(%L, %L, %L, %L)', c.withdraw_window, c.event_retention, c.push_delay, c.push_lifetime),
    '23514', NULL, 'refused: ' || c.about)
FROM (VALUES
    ('-1 second', NULL, NULL, NULL, 'a negative window'),
    ('10 years 1 second', NULL, NULL, NULL, 'a window above ten years'),
    (NULL, '23 hours', NULL, NULL, 'a retention below a day'),
    (NULL, '10 years 1 second', NULL, NULL, 'a retention above ten years'),
    (NULL, NULL, '-1 second', NULL, 'a negative delay of pushes'),
    (NULL, NULL, '61 minutes', NULL, 'a delay of pushes above an hour'),
    (NULL, NULL, NULL, '59 seconds', 'a lifetime of pushes below a minute'),
    (NULL, NULL, NULL, '29 days', 'a lifetime of pushes above four weeks')
) AS c (withdraw_window, event_retention, push_delay, push_lifetime, about);

RESET ROLE;
SELECT throws_ok('INSERT INTO flixim.settings DEFAULT VALUES', '23505', NULL, 'there is one row');
SELECT throws_ok('INSERT INTO flixim.settings (only_row) VALUES (false)', '23514', NULL, 'and no second kind of row');

\ir lib/end.sql
