-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.sync_and_note(p_caller, p_cursor, p_limit, p_notes)
-- GET /messages/sync: sync_messages(), whose answer it is; and, for a user who has devices, a note of how far that brings the user, so that
-- nothing is pushed that was synced. p_notes false: the answer is not given to the client.
-- An answer that is lost on its way counts as given: its client knows that it failed, and asks again.
-- Nobody waits for the note, neither the lock nor the disk nor a standby; if it is lost there is a push too many. A hot standby takes none.

CREATE OR REPLACE FUNCTION flixim.sync_and_note(
    p_caller flixim.caller,
    p_cursor timestamptz,
    p_limit integer DEFAULT 500,
    p_notes boolean DEFAULT true
) RETURNS SETOF flixim.message_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
    -- The answer ends early where it has 8 MiB, in which a message takes less than this beside its content.
    room integer := 8 * 1024 * 1024;
    around CONSTANT integer := 1024;
    told_at timestamptz;
    answer flixim.message_answer;
BEGIN
    IF p_notes IS NOT TRUE
        OR current_setting('transaction_read_only')::boolean
        OR NOT EXISTS (SELECT FROM flixim.reached AS r WHERE r.user_id = me)
    THEN
        RETURN QUERY SELECT s.* FROM flixim.sync_messages(p_caller, p_cursor, p_limit) AS s;
        RETURN;
    END IF;

    FOR answer IN SELECT s.* FROM flixim.sync_messages(p_caller, p_cursor, p_limit) AS s LOOP
        RETURN NEXT answer;
        IF answer.id IS NULL THEN
            told_at := answer.cursor_at;
        ELSIF room > 0 THEN
            room := room - around - octet_length(answer.content::text);
            IF room <= 0 THEN
                told_at := answer.updated_at;
            END IF;
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM flixim.reached AS r WHERE r.user_id = me AND r.reached_at < told_at) THEN
        -- Before the lock, with which alone there is something to commit.
        PERFORM set_config('synchronous_commit', 'off', true);
        UPDATE flixim.reached AS r
        SET reached_at = told_at
        FROM (SELECT o.user_id FROM flixim.reached AS o WHERE o.user_id = me FOR NO KEY UPDATE SKIP LOCKED) AS own
        WHERE r.user_id = own.user_id AND r.reached_at < told_at;
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.sync_and_note(flixim.caller, timestamptz, integer, boolean) IS 'GET /messages/sync, with a note of how far it brings the user.';
