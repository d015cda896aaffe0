-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.fetch_messages(p_message_ids, p_are_whole)
-- For a daemon that has read events of these messages from read_stream(): what they have in common for all who are told, as it is now.
-- p_are_whole: with the content, or NULL in its place, where only status and conversation_id will be told.
-- Returns a row per id in that order, empty where there is no such message; no head. status is withdrawn or NULL, as all others are the
-- viewer's own; so is updated_at, which is NULL.

CREATE OR REPLACE FUNCTION flixim.fetch_messages(p_message_ids uuid[], p_are_whole boolean[]) RETURNS SETOF flixim.message_answer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT NULL::flixim.outcome, NULL::text, NULL::text, NULL::integer, NULL::timestamptz, NULL::boolean, NULL::boolean,
        m.id, m.client_message_id, c.conversation_id, m.sender_id, m.receiver_id, CASE WHEN wanted.is_whole THEN m.content END,
        m.content_type, m.message_type, CASE WHEN m.withdrawn_at IS NOT NULL THEN 'withdrawn' END::flixim.message_status,
        m.reference_id, m.server_timestamp, m.client_timestamp, m.inserted_at, NULL::timestamptz
    FROM unnest(p_message_ids, p_are_whole) WITH ORDINALITY AS wanted (id, is_whole, place)
    LEFT JOIN LATERAL flixim.find_message(wanted.id) AS m ON true
    LEFT JOIN LATERAL flixim.find_conversation(m.conversation) AS c ON true
    ORDER BY wanted.place;
END
$$;

COMMENT ON FUNCTION flixim.fetch_messages(uuid[], boolean[]) IS 'For a daemon: what the messages of the events that it is about to push have in common for all who are told.';
