-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.try_add_users(p_user_ids)
-- Makes the user rows that are missing, but for those that would take a wait: for a transaction that has not ended yet and makes them as
-- well.
-- PostgreSQL cannot make a row "if nobody else is about to"; a wait of a millisecond is the shortest that it can be held to. If all
-- at once would wait, each is tried alone, until eight had to wait.

CREATE OR REPLACE FUNCTION flixim.try_add_users(p_user_ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '1ms'
AS $$
DECLARE
    waits integer := 0;
BEGIN
    PERFORM flixim.add_users(p_user_ids);
EXCEPTION
    WHEN lock_not_available THEN
        FOR place IN 1 .. cardinality(p_user_ids) LOOP
            BEGIN
                PERFORM flixim.add_users(p_user_ids[place:place]);
            EXCEPTION
                WHEN lock_not_available THEN
                    waits := waits + 1;
            END;
            EXIT WHEN waits = 8;
        END LOOP;
END
$$;

COMMENT ON FUNCTION flixim.try_add_users(uuid[]) IS 'Makes the user rows that are missing and take no wait.';
