-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.try_add_conversations(p_conversations, p_user_ids)
-- add_conversations(), but for those that would take a wait: for a transaction that has not ended yet and makes one of the rows as well.
-- p_user_ids: a user for each conversation, its sender. See try_add_users().

CREATE OR REPLACE FUNCTION flixim.try_add_conversations(
    p_conversations flixim.new_conversation[],
    p_user_ids uuid[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '1ms'
AS $$
DECLARE
    waits integer := 0;
BEGIN
    PERFORM flixim.add_conversations(p_conversations, p_user_ids);
EXCEPTION
    WHEN lock_not_available THEN
        FOR place IN 1 .. cardinality(p_conversations) LOOP
            BEGIN
                PERFORM flixim.add_conversations(p_conversations[place:place], p_user_ids[place:place]);
            EXCEPTION
                WHEN lock_not_available THEN
                    waits := waits + 1;
            END;
            EXIT WHEN waits = 8;
        END LOOP;
END
$$;

COMMENT ON FUNCTION flixim.try_add_conversations(flixim.new_conversation[], uuid[]) IS 'Makes what is missing and takes no wait.';
