-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.message_row(p_message_id, p_status, p_changed_at)
-- A message as a viewer sees it whose row of user_messages is at hand: status and changed_at are what it says.

CREATE OR REPLACE FUNCTION flixim.message_row(p_message_id uuid, p_status flixim.message_status, p_changed_at timestamptz)
RETURNS SETOF flixim.message_answer
LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT NULL::flixim.outcome, NULL::text, NULL::text, NULL::integer, NULL::timestamptz, NULL::boolean, NULL::boolean,
        m.id, m.client_message_id, c.conversation_id, m.sender_id, m.receiver_id, m.content, m.content_type, m.message_type,
        p_status, m.reference_id, m.server_timestamp, m.client_timestamp, m.inserted_at, p_changed_at
    FROM flixim.find_message(p_message_id) AS m
    CROSS JOIN LATERAL flixim.find_conversation(m.conversation) AS c;
END;

COMMENT ON FUNCTION flixim.message_row(uuid, flixim.message_status, timestamptz) IS 'A message as the viewer sees it whose status this is.';
