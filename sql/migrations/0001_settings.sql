-- SPDX-License-Identifier: Apache-2.0
-- The site's few settings that are rules of the data, in one row, so that module and daemon cannot disagree.

CREATE TABLE flixim.settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    withdraw_window interval NOT NULL DEFAULT '120 seconds'
        CHECK (withdraw_window >= '0' AND withdraw_window <= '10 years'),
    event_retention interval NOT NULL DEFAULT '30 days'
        CHECK (event_retention >= '1 day' AND event_retention <= '10 years'),
    event_floor timestamptz NOT NULL DEFAULT '1970-01-01 00:00:00+00'
);

COMMENT ON TABLE flixim.settings IS 'The one row of settings that are rules of the data. Changed by flixim.configure().';
COMMENT ON COLUMN flixim.settings.only_row IS 'Always true: keeps the table at one row.';
COMMENT ON COLUMN flixim.settings.withdraw_window IS 'How long after inserted_at the sender may withdraw a message, by the clock of the database.';
COMMENT ON COLUMN flixim.settings.event_retention IS 'How long events are kept before their daily partition is dropped.';
COMMENT ON COLUMN flixim.settings.event_floor IS 'No event before this instant is kept: the upper bound of the newest dropped partition.';

COMMENT ON INDEX flixim.settings_pkey IS 'One row.';

INSERT INTO flixim.settings DEFAULT VALUES;
