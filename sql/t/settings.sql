-- SPDX-License-Identifier: Apache-2.0
-- The site's settings: one row, changed by the administrator, each within its bounds.

\ir lib/begin.sql

SET LOCAL ROLE flixim_admin;
SELECT is(concat_ws(' ', s.withdraw_window, s.event_retention), c.settings, c.about)
FROM (VALUES
    (NULL::interval, NULL::interval, '00:02:00 30 days', 'nothing given: what is there, by default two minutes and 30 days'),
    ('5 minutes', NULL, '00:05:00 30 days', 'the window alone'),
    (NULL, '7 days', '00:05:00 7 days', 'the retention alone'),
    ('0', '1 day', '00:00:00 1 day', 'both, as low as they go'),
    ('10 years', '10 years', '10 years 10 years', 'both, as high as they go')
) AS c (withdraw_window, event_retention, settings, about),
LATERAL flixim.configure(c.withdraw_window, c.event_retention) AS s;
SELECT throws_ok(format('SELECT flixim.configure(%L, %L)', c.withdraw_window, c.event_retention), '23514', NULL, 'refused: ' || c.about)
FROM (VALUES
    ('-1 second', NULL, 'a negative window'),
    ('10 years 1 second', NULL, 'a window above ten years'),
    (NULL, '23 hours', 'a retention below a day'),
    (NULL, '10 years 1 second', 'a retention above ten years')
) AS c (withdraw_window, event_retention, about);

RESET ROLE;
SELECT throws_ok('INSERT INTO flixim.settings DEFAULT VALUES', '23505', NULL, 'there is one row');
SELECT throws_ok('INSERT INTO flixim.settings (only_row) VALUES (false)', '23514', NULL, 'and no second kind of row');

\ir lib/end.sql
