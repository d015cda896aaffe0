-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.recency_lag()
-- By how much members.recent_at may lag the conversation's last activity: the longer, the fewer updates of its
-- index; the shorter, the fewer conversations list_conversations() reads beyond the page.

CREATE OR REPLACE FUNCTION flixim.recency_lag() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN interval '15 minutes';

COMMENT ON FUNCTION flixim.recency_lag() IS 'By how much members.recent_at may lag the conversation''s last activity.';
