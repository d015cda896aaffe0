-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.send_to_each(p_caller, p_client_message_ids, p_receiver_ids, the fields of one message)
-- POST /messages with receiver_ids: the same notification or announcement to each of up to 1,000 receivers, all or nothing.
-- p_client_message_ids:      one for each receiver, in that order; NULL: one is made up
-- Returns a row per receiver in the order given, created or ok (a retry) as in send_messages(). If any is refused, nothing is
-- sent, and the refusals alone are returned; their ordinal is the place in p_receiver_ids.
-- The token is judged first, then the fields, then the scope. The content times the receivers may be 40 MiB. Locks as
-- send_messages() does.

CREATE OR REPLACE FUNCTION flixim.send_to_each(
    p_caller flixim.caller,
    p_client_message_ids uuid[],
    p_receiver_ids uuid[],
    p_message_type flixim.message_type,
    p_content_type flixim.content_type,
    p_content json,
    p_reference_id uuid,
    p_client_timestamp timestamptz
) RETURNS SETOF flixim.message_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Looked up once: send_messages() is then given what a JWT would have said.
    sender flixim.caller := flixim.identify(p_caller);
    size CONSTANT integer[] := ARRAY[cardinality(p_receiver_ids)];
    fault text;
    answers flixim.message_answer[];
    answer flixim.message_answer;
BEGIN
    IF sender.user_id IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN NEXT answer;
        RETURN;
    END IF;
    fault := CASE
        WHEN coalesce(size[1], 0) = 0 THEN 'receiver_ids:required'
        WHEN size[1] > 1000 THEN 'receiver_ids:too_many'
        WHEN p_message_type NOT IN ('system_notification', 'system_announcement') THEN 'receiver_ids:system_only'
        -- Each receiver gets a copy: 256 KiB for 1,000 took half a minute and 1.5 GB. The longest text fits, in any script.
        WHEN octet_length(p_content::text)::bigint * size[1] > 40 * 1024 * 1024 THEN 'content:too_long'
    END;
    IF fault IS NOT NULL THEN
        answer.outcome := 'invalid';
        answer.field := split_part(fault, ':', 1);
        answer.rule := split_part(fault, ':', 2);
        RETURN NEXT answer;
        RETURN;
    END IF;
    IF cardinality(p_client_message_ids) <> size[1] THEN
        RAISE EXCEPTION 'there must be as many client_message_ids as receiver_ids' USING ERRCODE = 'array_subscript_error';
    END IF;

    BEGIN
        answers := ARRAY(
            SELECT s
            FROM flixim.send_messages(array_fill(sender.user_id, size), array_fill(sender.issued_at, size),
                array_fill(sender.is_system, size), coalesce(p_client_message_ids, array_fill(NULL::uuid, size)),
                array_fill(NULL::text, size), p_receiver_ids, array_fill(p_message_type, size),
                array_fill(p_content_type, size), array_fill(p_content, size), array_fill(p_reference_id, size),
                array_fill(p_client_timestamp, size), array_fill(NULL::uuid, size)) AS s
        );
        IF EXISTS (SELECT FROM unnest(answers) AS a WHERE a.outcome NOT IN ('created', 'ok')) THEN
            -- Takes back what was written for the others, and the locks; answers keeps its value.
            RAISE EXCEPTION 'refused' USING ERRCODE = 'FLX01';
        END IF;
    EXCEPTION WHEN SQLSTATE 'FLX01' THEN
        RETURN QUERY SELECT a.* FROM unnest(answers) AS a WHERE a.outcome NOT IN ('created', 'ok');
        RETURN;
    END;
    RETURN QUERY SELECT a.* FROM unnest(answers) AS a;
END
$$;

COMMENT ON FUNCTION flixim.send_to_each(
    flixim.caller, uuid[], uuid[], flixim.message_type, flixim.content_type, json, uuid, timestamptz
) IS 'POST /messages with receiver_ids: the same message to each, all or nothing.';
