-- SPDX-License-Identifier: Apache-2.0
-- What the tests are written in: users are numbers, messages have names, requests are short. All of it runs as its caller.

CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;

-- A user's (or a connection's, or any) id by a number, and back.
CREATE FUNCTION t.u(number integer) RETURNS uuid
LANGUAGE sql IMMUTABLE
RETURN ('00000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid;

CREATE FUNCTION t.n(id uuid) RETURNS integer
LANGUAGE sql IMMUTABLE
RETURN right(id::text, 12)::integer;

-- The user with a fresh JWT.
CREATE FUNCTION t.caller(number integer, is_system boolean DEFAULT false) RETURNS flixim.caller
LANGUAGE sql VOLATILE
RETURN ROW(t.u(number), clock_timestamp(), is_system, NULL)::flixim.caller;

CREATE FUNCTION t.private(a integer, b integer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN 'private:' || t.u(least(a, b)) || ':' || t.u(greatest(a, b));

-- Messages by the name that the test gave them, which is their text unless it says otherwise.
CREATE TABLE t.messages (name text PRIMARY KEY, id uuid NOT NULL);
GRANT SELECT, INSERT ON t.messages TO PUBLIC;

CREATE FUNCTION t.m(name text) RETURNS uuid
LANGUAGE sql STABLE
RETURN (SELECT m.id FROM t.messages AS m WHERE m.name = $1);

CREATE FUNCTION t.name(id uuid) RETURNS text
LANGUAGE sql STABLE
RETURN (SELECT min(m.name) FROM t.messages AS m WHERE m.id = $1);

-- One message sent. said: its name and its text; content: instead of the text.
CREATE FUNCTION t.send(
    sender integer,
    receiver integer DEFAULT NULL,
    said text DEFAULT NULL,
    content text DEFAULT NULL,
    content_type text DEFAULT 'text',
    type text DEFAULT 'private_message',
    conversation_id text DEFAULT NULL,
    client_id uuid DEFAULT NULL,
    reference_id uuid DEFAULT NULL,
    client_timestamp timestamptz DEFAULT NULL,
    origin integer DEFAULT NULL,
    is_system boolean DEFAULT false,
    wait boolean DEFAULT true
) RETURNS flixim.message_answer
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    answer flixim.message_answer;
BEGIN
    SELECT s.* INTO answer
    FROM flixim.send_messages(
        ARRAY[t.u(sender)], ARRAY[clock_timestamp()], ARRAY[is_system], ARRAY[client_id], ARRAY[conversation_id],
        ARRAY[t.u(receiver)], ARRAY[type]::flixim.message_type[], ARRAY[content_type]::flixim.content_type[],
        ARRAY[coalesce(content, json_build_object('text', coalesce(said, 'hello'))::text)]::json[], ARRAY[reference_id],
        ARRAY[client_timestamp], ARRAY[t.u(origin)], wait) AS s;
    IF answer.outcome = 'created' AND said IS NOT NULL THEN
        INSERT INTO t.messages VALUES (said, answer.id);
    END IF;
    RETURN answer;
END
$$;

-- A batch of private texts, or of what type, contents and conversation_ids say; NULL for a text: no text.
CREATE FUNCTION t.send_all(
    senders integer[],
    receivers integer[],
    said text[],
    client_ids uuid[] DEFAULT '{}',
    conversation_ids text[] DEFAULT '{}',
    contents json[] DEFAULT '{}',
    type text DEFAULT 'private_message',
    is_system boolean DEFAULT false,
    wait boolean DEFAULT true
) RETURNS SETOF flixim.message_answer
LANGUAGE sql VOLATILE
AS $$
    SELECT s.*
    FROM (
        SELECT array_agg(t.u(b.sender)) AS senders, array_agg(clock_timestamp()) AS issued_at, array_agg(is_system) AS is_system,
            array_agg(b.client_id) AS client_ids, array_agg(b.conversation_id) AS conversation_ids,
            array_agg(t.u(b.receiver)) AS receivers, array_agg(type::flixim.message_type) AS types,
            array_agg('text'::flixim.content_type) AS content_types,
            array_agg(coalesce(b.content, json_strip_nulls(json_build_object('text', b.said)))) AS contents,
            array_agg(NULL::uuid) AS reference_ids,
            array_agg(NULL::timestamptz) AS client_timestamps, array_agg(NULL::uuid) AS origins
        FROM unnest(senders, receivers, said, client_ids, conversation_ids, contents)
            AS b (sender, receiver, said, client_id, conversation_id, content)
    ) AS a,
    LATERAL flixim.send_messages(a.senders, a.issued_at, a.is_system, a.client_ids, a.conversation_ids, a.receivers, a.types,
        a.content_types, a.contents, a.reference_ids, a.client_timestamps, a.origins, wait) AS s;
$$;

-- What became of it: the outcome, and what rule of which field was broken.
CREATE FUNCTION t.verdict(answer flixim.message_answer) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN concat_ws(' ', answer.outcome, answer.field || ':' || answer.rule);

-- For what a test takes as given: it ends the test if it does not come about.
CREATE PROCEDURE t.must(got text, wanted text)
LANGUAGE plpgsql
AS $$
BEGIN
    IF got IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION 'given %, got %', wanted, got;
    END IF;
END
$$;

CREATE PROCEDURE t.say(
    sender integer,
    receiver integer,
    said text,
    type text DEFAULT 'private_message',
    conversation_id text DEFAULT NULL
)
LANGUAGE plpgsql
AS $$
BEGIN
    CALL t.must(t.verdict(t.send(sender, receiver, said, type => type, conversation_id => conversation_id,
        is_system => type LIKE 'system%')), 'created');
    -- The next message is of another millisecond: within one, messages of different conversations have no order.
    PERFORM pg_sleep(0.001);
END
$$;

-- Requests about a named message: the status that the caller then sees, or the refusal.
CREATE FUNCTION t.read(reader integer, name text, origin integer DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT CASE a.outcome WHEN 'ok' THEN a.status::text ELSE a.outcome::text END
    FROM flixim.mark_read(t.caller(reader), t.m(name), t.u(origin)) AS a;
$$;

CREATE FUNCTION t.withdraw(sender integer, name text, origin integer DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT CASE a.outcome WHEN 'ok' THEN a.status::text ELSE a.outcome::text END
    FROM flixim.withdraw_message(t.caller(sender), t.m(name), t.u(origin)) AS a;
$$;

CREATE FUNCTION t.delete(viewer integer, name text, origin integer DEFAULT NULL) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT flixim.delete_message(t.caller(viewer), t.m(name), t.u(origin))::text;
$$;

-- The status of a message for one who asks for it, or the refusal.
CREATE FUNCTION t.status(viewer integer, name text) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT CASE a.outcome WHEN 'ok' THEN a.status::text ELSE a.outcome::text END
    FROM flixim.get_message(t.caller(viewer), t.m(name)) AS a;
$$;

-- A group of these users, made by the first of them when first named.
CREATE TABLE t.groups (users integer[] PRIMARY KEY, conversation_id text NOT NULL);
GRANT SELECT, INSERT ON t.groups TO PUBLIC;

CREATE FUNCTION t.group_of(VARIADIC users integer[]) RETURNS text
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    found_id text := (SELECT g.conversation_id FROM t.groups AS g WHERE g.users = group_of.users);
BEGIN
    IF found_id IS NULL THEN
        SELECT c.conversation_id INTO STRICT found_id
        FROM flixim.create_conversation(t.caller(users[1]), ARRAY(SELECT t.u(n) FROM unnest(users) AS n), 'group') AS c;
        INSERT INTO t.groups VALUES (users, found_id);
    END IF;
    RETURN found_id;
END
$$;

-- Unread: total, notifications, announcements, interactions, private messages; and in one conversation.
CREATE FUNCTION t.unread(reader integer) RETURNS bigint[]
LANGUAGE sql VOLATILE
AS $$
    SELECT ARRAY[c.total, c.system_notification, c.system_announcement, c.interaction, c.private_message]
    FROM flixim.unread_counts(t.caller(reader)) AS c;
$$;

CREATE FUNCTION t.unread_in(reader integer, conversation_id text) RETURNS integer
LANGUAGE sql VOLATILE
AS $$
    SELECT c.unread_count FROM flixim.get_conversation(t.caller(reader), conversation_id) AS c;
$$;
