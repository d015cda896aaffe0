-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.create_conversation(p_caller, p_participant_ids, p_type)
-- The channel's create_conversation and POST /conversations. The caller takes part whether named or not.
-- private: with exactly one other; visible to the caller at once, to the other from the first message on; creating it again
-- returns it. group: with up to 499 others; a new one each time, visible to all.
-- One row: the conversation as the caller sees it; outcome created, or ok where the caller could see it already: whether the
-- other one has opened it too is not told.

CREATE OR REPLACE FUNCTION flixim.create_conversation(
    p_caller flixim.caller,
    p_participant_ids uuid[],
    p_type flixim.conversation_type
) RETURNS flixim.conversation_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    others uuid[] := ARRAY(SELECT DISTINCT p.id FROM unnest(p_participant_ids) AS p (id) WHERE p.id <> me ORDER BY p.id);
    wanted flixim.new_conversation;
    is_new boolean;
    answer flixim.conversation_answer;
BEGIN
    IF me IS NULL THEN
        answer.outcome := 'invalid_token';
        RETURN answer;
    END IF;
    IF p_type IS NULL OR p_type = 'system' THEN
        answer.field := 'type';
        answer.rule := 'private_or_group';
    ELSIF cardinality(others) = 0 THEN
        answer.field := 'participant_ids';
        answer.rule := CASE WHEN me = ANY (p_participant_ids) THEN 'not_self' ELSE 'required' END;
    ELSIF cardinality(others) > (CASE p_type WHEN 'private' THEN 1 ELSE 499 END) THEN
        answer.field := 'participant_ids';
        answer.rule := 'too_many';
    END IF;
    IF answer.field IS NOT NULL THEN
        answer.outcome := 'invalid';
        RETURN answer;
    END IF;

    wanted.type := p_type;
    wanted.user_ids := others || me;
    wanted.conversation_id := CASE p_type
        WHEN 'private' THEN 'private:' || least(me, others[1]) || ':' || greatest(me, others[1])
        ELSE 'group:' || flixim.uuid_v7(clock_timestamp())
    END;
    PERFORM flixim.add_conversations(ARRAY[wanted], NULL);

    UPDATE flixim.members AS m
    SET recent_at = coalesce(c.last_message_at, c.inserted_at)
    FROM flixim.conversations AS c
    WHERE c.conversation_id = wanted.conversation_id
        AND m.conversation = c.id
        AND (p_type = 'group' OR m.user_id = me)
        AND m.recent_at IS NULL;
    is_new := FOUND;

    answer := flixim.get_conversation(p_caller, wanted.conversation_id);
    answer.outcome := CASE WHEN is_new THEN 'created' ELSE 'ok' END;
    RETURN answer;
END
$$;

COMMENT ON FUNCTION flixim.create_conversation(flixim.caller, uuid[], flixim.conversation_type) IS 'Makes a private conversation or a group, or finds the private one.';
