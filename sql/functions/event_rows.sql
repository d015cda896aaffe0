-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.event_rows(p_user_ids, p_stamps)
-- The events named by target and stamp, in that order, with their message as the target sees it now: a recalled text cannot
-- leak from an old event, and of a message that the target deleted only {} is left.

CREATE OR REPLACE FUNCTION flixim.event_rows(p_user_ids uuid[], p_stamps timestamptz[]) RETURNS SETOF flixim.event_answer
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::flixim.outcome, NULL::text, NULL::text, NULL::timestamptz, NULL::boolean, NULL::boolean,
        e.id, e.event_type, e.stamp, e.target_user_id,
        CASE WHEN e.event_type <> 'new_message' THEN e.status END, e.origin,
        m.id, m.client_message_id, c.conversation_id, m.sender_id, m.receiver_id,
        CASE WHEN v.status = 'deleted' THEN '{}' ELSE m.content END, m.content_type, m.message_type,
        v.status, m.reference_id, m.server_timestamp, m.client_timestamp, m.inserted_at, v.changed_at
    FROM unnest(p_user_ids, p_stamps) WITH ORDINALITY AS wanted (user_id, stamp, place)
    CROSS JOIN LATERAL (
        SELECT x.* FROM flixim.events AS x WHERE x.target_user_id = wanted.user_id AND x.stamp = wanted.stamp OFFSET 0
    ) AS e
    LEFT JOIN LATERAL flixim.find_message(e.message_id) AS m ON true
    LEFT JOIN LATERAL flixim.find_copy(e.target_user_id, m.message_type, m.id) AS v ON true
    LEFT JOIN LATERAL flixim.find_conversation(m.conversation) AS c ON true
    ORDER BY wanted.place;
END;

COMMENT ON FUNCTION flixim.event_rows(uuid[], timestamptz[]) IS 'Events in the order named, with their messages as their targets see them now.';
