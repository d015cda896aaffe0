-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.message_rows(p_viewer_id, p_message_ids)
-- The messages named, in that order, as the viewer sees them; those the viewer does not have are left out.

CREATE OR REPLACE FUNCTION flixim.message_rows(p_viewer_id uuid, p_message_ids uuid[]) RETURNS SETOF flixim.message_answer
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT NULL::flixim.outcome, NULL::text, NULL::text, NULL::integer, NULL::timestamptz, NULL::boolean,
        NULL::boolean, v.id, v.client_message_id, v.conversation_id, v.sender_id, v.receiver_id, v.content, v.content_type, v.message_type,
        v.status, v.reference_id, v.server_timestamp, v.client_timestamp,
        v.inserted_at, v.updated_at
    FROM unnest(p_message_ids) WITH ORDINALITY AS wanted (id, place)
    JOIN flixim.viewer_messages AS v ON v.viewer_id = p_viewer_id AND v.id = wanted.id
    ORDER BY wanted.place;
END;

COMMENT ON FUNCTION flixim.message_rows(uuid, uuid[]) IS 'Messages in the order named, as one viewer sees them.';
