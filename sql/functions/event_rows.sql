-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.event_rows(p_user_ids, p_stamps)
-- The events named by target and stamp, in that order, with their message as the target sees it now: a recalled text cannot
-- leak from an old event, and of a message that the target deleted only {} is left.

CREATE OR REPLACE FUNCTION flixim.event_rows(p_user_ids uuid[], p_stamps timestamptz[]) RETURNS SETOF flixim.event_answer
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::flixim.outcome, NULL::text, NULL::text, NULL::timestamptz, NULL::boolean, NULL::boolean,
        e.id, e.event_type, e.stamp, e.target_user_id, e.status, e.origin,
        v.id, v.client_message_id, v.conversation_id, v.sender_id, v.receiver_id,
        CASE WHEN v.status = 'deleted' THEN '{}' ELSE v.content END, v.content_type, v.message_type,
        v.status, v.reference_id, v.server_timestamp, v.client_timestamp,
        v.inserted_at, v.updated_at
    FROM unnest(p_user_ids, p_stamps) WITH ORDINALITY AS wanted (user_id, stamp, place)
    JOIN flixim.events AS e ON e.target_user_id = wanted.user_id AND e.stamp = wanted.stamp
    LEFT JOIN flixim.viewer_messages AS v ON v.viewer_id = e.target_user_id AND v.id = e.message_id
    ORDER BY wanted.place;
END;

COMMENT ON FUNCTION flixim.event_rows(uuid[], timestamptz[]) IS 'Events in the order named, with their messages as their targets see them now.';
