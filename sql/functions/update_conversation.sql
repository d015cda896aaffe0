-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.update_conversation(p_caller, p_conversation_id, p_is_pinned, p_is_muted, p_draft)
-- PUT /conversations/{conversation_id} and the channel's update_conversation: the caller's own settings. NULL leaves one as it is;
-- an empty draft removes it. One row: the conversation as the caller sees it now, or a refusal.

CREATE OR REPLACE FUNCTION flixim.update_conversation(
    p_caller flixim.caller,
    p_conversation_id text,
    p_is_pinned boolean DEFAULT NULL,
    p_is_muted boolean DEFAULT NULL,
    p_draft text DEFAULT NULL
) RETURNS flixim.conversation_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    answer flixim.conversation_answer;
BEGIN
    PERFORM flixim.require_read_committed();
    answer := flixim.get_conversation(p_caller, p_conversation_id);
    IF answer.outcome = 'ok' AND length(p_draft) > 10000 THEN
        answer := NULL;
        answer.outcome := 'invalid';
        answer.field := 'draft';
        answer.rule := 'too_long';
    END IF;
    IF answer.outcome <> 'ok' THEN
        RETURN answer;
    END IF;

    UPDATE flixim.members AS m
    SET is_pinned = coalesce(p_is_pinned, m.is_pinned),
        is_muted = coalesce(p_is_muted, m.is_muted),
        draft = nullif(coalesce(p_draft, m.draft), ''),
        updated_at = date_trunc('milliseconds', clock_timestamp())
    WHERE m.conversation = answer.id AND m.user_id = me;
    RETURN flixim.get_conversation(p_caller, p_conversation_id);
END
$$;

COMMENT ON FUNCTION flixim.update_conversation(flixim.caller, text, boolean, boolean, text) IS 'A member''s own settings of a conversation.';
