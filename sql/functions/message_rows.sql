-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.message_rows(p_viewer_id, p_message_ids)
-- The messages named, in that order, as the viewer sees them; those the viewer does not have are left out.

CREATE OR REPLACE FUNCTION flixim.message_rows(p_viewer_id uuid, p_message_ids uuid[]) RETURNS SETOF flixim.message_answer
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::flixim.outcome, NULL::text, NULL::text, NULL::integer, NULL::timestamptz, NULL::boolean, NULL::boolean,
        m.id, m.client_message_id, c.conversation_id, m.sender_id, m.receiver_id, m.content, m.content_type, m.message_type,
        v.status, m.reference_id, m.server_timestamp, m.client_timestamp, m.inserted_at, v.changed_at
    FROM unnest(p_message_ids) WITH ORDINALITY AS wanted (id, place)
    CROSS JOIN LATERAL flixim.find_message(wanted.id) AS m
    CROSS JOIN LATERAL flixim.find_copy(p_viewer_id, m.message_type, m.id) AS v
    CROSS JOIN LATERAL flixim.find_conversation(m.conversation) AS c
    ORDER BY wanted.place;
END;

COMMENT ON FUNCTION flixim.message_rows(uuid, uuid[]) IS 'Messages in the order named, as one viewer sees them.';
