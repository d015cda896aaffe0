-- SPDX-License-Identifier: Apache-2.0
-- Looks inside, and the changes that only time could make: helpers with the rights of the superuser, whoever calls.

-- Who was told what since the last call of told(): origin is the connection that is left out.
CREATE TABLE t.told_before (LIKE flixim.events);

CREATE FUNCTION t.told() RETURNS TABLE (who integer, what text, about text, origin integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
AS $$
BEGIN
    RETURN QUERY
    SELECT t.n(e.target_user_id), concat_ws(' ', e.event_type, CASE WHEN e.event_type <> 'new_message' THEN e.status END), t.name(e.message_id), t.n(e.origin)
    FROM flixim.events AS e
    WHERE e.id NOT IN (SELECT b.id FROM t.told_before AS b)
    ORDER BY e.target_user_id, e.stamp;
    INSERT INTO t.told_before
    SELECT * FROM flixim.events AS e WHERE e.id NOT IN (SELECT b.id FROM t.told_before AS b);
END
$$;

-- What each viewer sees of a message: 1 sent, 2 unread.
CREATE FUNCTION t.seen(name text) RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER
AS $$
    SELECT string_agg(t.n(v.user_id) || ' ' || v.status, ', ' ORDER BY v.user_id)
    FROM flixim.user_messages AS v
    WHERE v.message_id = t.m(name);
$$;

-- All rows of all tables whose text contains this.
CREATE FUNCTION t.rows_with(needle text) RETURNS TABLE (in_table text, found_row text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
AS $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT c.oid
        FROM pg_class AS c
        WHERE c.relnamespace = 'flixim'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    LOOP
        RETURN QUERY EXECUTE format('SELECT %L, x::text FROM %s AS x WHERE strpos(x::text, %L) > 0', relation, relation, needle);
    END LOOP;
END
$$;

-- Lets a message be older, by the clock that the withdraw window goes by.
CREATE PROCEDURE t.age(name text, age interval)
LANGUAGE sql SECURITY DEFINER
AS $$
    UPDATE flixim.messages SET inserted_at = clock_timestamp() - age WHERE id = t.m(name);
$$;

-- Puts a user's or a conversation's clock ahead, as if the wall clock had been there and stepped back.
CREATE PROCEDURE t.put_clock(number integer, ahead interval)
LANGUAGE sql SECURITY DEFINER
AS $$
    UPDATE flixim.users SET last_event_at = date_trunc('milliseconds', clock_timestamp() + ahead) WHERE user_id = t.u(number);
$$;

CREATE PROCEDURE t.put_clock(of_conversation text, ahead interval)
LANGUAGE sql SECURITY DEFINER
AS $$
    UPDATE flixim.conversations
    SET last_message_at = date_trunc('milliseconds', clock_timestamp() + ahead)
    WHERE conversation_id = of_conversation;
$$;

CREATE FUNCTION t.clock(number integer) RETURNS timestamptz
LANGUAGE sql VOLATILE SECURITY DEFINER
AS $$
    SELECT u.last_event_at FROM flixim.users AS u WHERE u.user_id = t.u(number);
$$;
