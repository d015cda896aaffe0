-- SPDX-License-Identifier: Apache-2.0
-- What the specs of this folder are written with: users, messages and clients with short names, and the verdict.

CREATE SCHEMA spec;
GRANT USAGE ON SCHEMA spec TO flixim_app, flixim_admin;
ALTER DEFAULT PRIVILEGES IN SCHEMA spec GRANT ALL ON TABLES TO flixim_app, flixim_admin;

-- What sessions were answered, for the verdict: a row per message sent, or per other call.
CREATE TABLE spec.answers (
    step text NOT NULL,
    ordinal integer NOT NULL DEFAULT 1,
    outcome text,
    id uuid,
    status text,
    server_timestamp timestamptz,
    number bigint
);

-- Clients that sync, and daemons that read the stream: how far they are and what they were told, in order.
CREATE TABLE spec.cursors (client text PRIMARY KEY, at timestamptz);
CREATE TABLE spec.daemons (
    daemon text PRIMARY KEY,
    snapshot pg_snapshot,
    since timestamptz NOT NULL,
    horizon xid8
);
CREATE TABLE spec.told (
    place bigint GENERATED ALWAYS AS IDENTITY,
    who text NOT NULL,
    stamp timestamptz,
    event_id uuid,
    message_id uuid,
    status text,
    content text
);

-- Rules that a step found broken, for the verdict.
CREATE TABLE spec.complaints (complaint text NOT NULL);

-- When the order began; all callers' tokens were issued then.
CREATE TABLE spec.epoch (issued_at timestamptz NOT NULL);

-- User n, the client_message_id n, and who asks.
CREATE FUNCTION spec.u(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid;

CREATE FUNCTION spec.c(n integer) RETURNS uuid LANGUAGE sql IMMUTABLE
RETURN ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid;

CREATE FUNCTION spec.caller(n integer) RETURNS flixim.caller LANGUAGE sql STABLE
RETURN ROW(spec.u(n), (SELECT issued_at FROM spec.epoch), false, NULL)::flixim.caller;

CREATE FUNCTION spec.private(a integer, b integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN 'private:' || spec.u(least(a, b)) || ':' || spec.u(greatest(a, b));

-- The one group, and the id of the message that was sent with client_message_id n, as far as committed.
CREATE FUNCTION spec.the_group() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
RETURN (SELECT conversation_id FROM flixim.conversations WHERE type = 'group');

CREATE FUNCTION spec.m(n integer) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER
RETURN (SELECT id FROM flixim.messages WHERE client_message_id = spec.c(n));

-- An empty world. DELETE: of few rows it is many times faster than TRUNCATE of as many tables and partitions.
CREATE FUNCTION spec.reset() RETURNS void LANGUAGE sql
BEGIN ATOMIC
    DELETE FROM flixim.events;
    DELETE FROM flixim.user_messages;
    DELETE FROM flixim.messages;
    DELETE FROM flixim.members;
    DELETE FROM flixim.conversations;
    DELETE FROM flixim.tokens;
    DELETE FROM flixim.users;
    DELETE FROM flixim.listeners;
    DELETE FROM flixim.devices;
    DELETE FROM flixim.notification_settings;
    DELETE FROM flixim.pushes;
    DELETE FROM flixim.push_horizons;
    DELETE FROM flixim.daemons;
    DELETE FROM flixim.presence;
    DELETE FROM flixim.reached;
    UPDATE flixim.settings SET push_delay = '0';
    DELETE FROM spec.answers;
    DELETE FROM spec.cursors;
    DELETE FROM spec.daemons;
    DELETE FROM spec.told;
    DELETE FROM spec.complaints;
    DELETE FROM spec.epoch;
    INSERT INTO spec.epoch VALUES (clock_timestamp());
END;

-- spec.send(step, message...), each '1>2 #11 text': user 1 to user 2 with client_message_id 11. '1>g' goes to the group, '1~2' is
-- an interaction, '1!2' a notification. try_send is the daemon's fast lane: it must not wait for any lock, so that a wait is an
-- error here.
CREATE FUNCTION spec.send_batch(p_step text, p_wait boolean, p_messages text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    batch record;
BEGIN
    SELECT
        array_agg(spec.u(part[1]::integer) ORDER BY place) AS senders,
        array_agg((SELECT issued_at FROM spec.epoch) ORDER BY place) AS issued,
        array_agg(part[2] = '!' ORDER BY place) AS is_system,
        array_agg(spec.c(part[4]::integer) ORDER BY place) AS clients,
        array_agg(CASE WHEN part[3] = 'g' THEN spec.the_group() END ORDER BY place) AS conversations,
        array_agg(CASE WHEN part[3] <> 'g' THEN spec.u(part[3]::integer) END ORDER BY place) AS receivers,
        array_agg((CASE part[2] WHEN '>' THEN 'private_message' WHEN '~' THEN 'interaction' ELSE 'system_notification' END)
            ::flixim.message_type ORDER BY place) AS types,
        array_agg('text'::flixim.content_type) AS content_types,
        array_agg(json_build_object('text', coalesce(part[5], 'hello')) ORDER BY place) AS contents,
        array_agg(NULL::uuid) AS nothing,
        array_agg(NULL::timestamptz) AS never
    INTO STRICT batch
    FROM unnest(p_messages) WITH ORDINALITY AS m (text, place)
    CROSS JOIN LATERAL regexp_match(m.text, '^(\d+)([>~!])(\d+|g) #(\d+)(?: (.*))?$') AS part;

    INSERT INTO spec.answers (step, ordinal, outcome, id, status, server_timestamp)
    SELECT p_step, a.ordinal, a.outcome, a.id, a.status, a.server_timestamp
    FROM flixim.send_messages(batch.senders, batch.issued, batch.is_system, batch.clients, batch.conversations, batch.receivers,
        batch.types, batch.content_types, batch.contents, batch.nothing, batch.never, batch.nothing, p_wait) AS a;
    RETURN (SELECT string_agg(outcome, ' ' ORDER BY ordinal) FROM spec.answers WHERE step = p_step);
END
$$;

CREATE FUNCTION spec.send(p_step text, VARIADIC p_messages text[]) RETURNS text LANGUAGE sql
RETURN spec.send_batch(p_step, true, p_messages);

CREATE FUNCTION spec.try_send(p_step text, VARIADIC p_messages text[]) RETURNS text LANGUAGE sql SET lock_timeout = '1ms'
RETURN spec.send_batch(p_step, false, p_messages);

-- The other calls on a message, noted like those of send.
CREATE FUNCTION spec.mark_read(p_step text, p_user integer, p_message integer) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO spec.answers (step, outcome, id, status)
    SELECT p_step, a.outcome, a.id, a.status FROM flixim.mark_read(spec.caller(p_user), spec.m(p_message)) AS a
    RETURNING concat_ws(' ', outcome, status);
END;

CREATE FUNCTION spec.mark_read_batch(p_step text, p_user integer, VARIADIC p_messages integer[]) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO spec.answers (step, outcome, number)
    SELECT p_step, a.o_outcome, a.marked_count
    FROM flixim.mark_read_batch(spec.caller(p_user), ARRAY(
        SELECT spec.m(m.n) FROM unnest(p_messages) WITH ORDINALITY AS m (n, place) ORDER BY m.place
    )) AS a
    RETURNING concat_ws(' ', outcome, number);
END;

CREATE FUNCTION spec.withdraw(p_step text, p_user integer, p_message integer) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO spec.answers (step, outcome, id, status)
    SELECT p_step, a.outcome, a.id, a.status FROM flixim.withdraw_message(spec.caller(p_user), spec.m(p_message)) AS a
    RETURNING concat_ws(' ', outcome, status);
END;

CREATE FUNCTION spec.delete(p_step text, p_user integer, p_message integer) RETURNS text LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO spec.answers (step, outcome)
    SELECT p_step, flixim.delete_message(spec.caller(p_user), spec.m(p_message))
    RETURNING outcome;
END;

-- A client syncs one page, from where its last page ended.
CREATE FUNCTION spec.sync_events(p_client text, p_user integer, p_limit integer DEFAULT 500) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    received integer := 0;
    answer record;
BEGIN
    FOR answer IN
        SELECT a.*
        FROM flixim.sync_events(spec.caller(p_user), (SELECT at FROM spec.cursors WHERE client = p_client), p_limit) AS a
    LOOP
        IF answer.outcome IS NOT NULL THEN
            INSERT INTO spec.cursors VALUES (p_client, answer.cursor_at)
            ON CONFLICT (client) DO UPDATE SET at = excluded.at;
        ELSE
            received := received + 1;
            INSERT INTO spec.told (who, stamp, event_id, message_id, status, content)
            VALUES (p_client, answer.event_timestamp, answer.event_id, answer.id, answer.status, answer.content::text);
        END IF;
    END LOOP;
    RETURN received;
END
$$;

CREATE FUNCTION spec.sync_messages(p_client text, p_user integer, p_limit integer DEFAULT 500) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    received integer := 0;
    answer record;
BEGIN
    FOR answer IN
        SELECT a.*
        FROM flixim.sync_messages(spec.caller(p_user), (SELECT at FROM spec.cursors WHERE client = p_client), p_limit) AS a
    LOOP
        IF answer.outcome IS NOT NULL THEN
            INSERT INTO spec.cursors VALUES (p_client, answer.cursor_at)
            ON CONFLICT (client) DO UPDATE SET at = excluded.at;
        ELSE
            received := received + 1;
            INSERT INTO spec.told (who, stamp, message_id, status, content)
            VALUES (p_client, answer.updated_at, answer.id, answer.status, answer.content::text);
        END IF;
    END LOOP;
    RETURN received;
END
$$;

-- After all is committed: the client syncs until nothing comes. Was it then told every event of the user once and in order
-- (events), or the present state of every message (messages)?
CREATE FUNCTION spec.told_all_events(p_client text, p_user integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    FOR page IN 1..50 LOOP
        EXIT WHEN spec.sync_events(p_client, p_user, 2) = 0;
    END LOOP;
    RETURN ARRAY(SELECT id FROM flixim.events WHERE target_user_id = spec.u(p_user) ORDER BY stamp)
        = ARRAY(SELECT event_id FROM spec.told WHERE who = p_client ORDER BY place);
END
$$;

CREATE FUNCTION spec.told_all_messages(p_client text, p_user integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    FOR page IN 1..50 LOOP
        EXIT WHEN spec.sync_messages(p_client, p_user, 2) = 0;
    END LOOP;
    RETURN NOT EXISTS (
        SELECT FROM flixim.user_messages AS v
        LEFT JOIN (
            SELECT DISTINCT ON (message_id) message_id, stamp, status, content
            FROM spec.told
            WHERE who = p_client
            ORDER BY message_id, place DESC
        ) AS told ON told.message_id = v.message_id
        WHERE v.user_id = spec.u(p_user)
            AND (told.stamp, told.status) IS DISTINCT FROM (v.changed_at, v.status::text)
    ) AND NOT EXISTS (
        -- A state is told once.
        SELECT FROM spec.told WHERE who = p_client GROUP BY message_id, stamp HAVING count(*) > 1
    );
END
$$;

-- A daemon reads the stream from its last snapshot on. Whatever is committed must then have been seen, whoever else has a
-- transaction open.
CREATE FUNCTION spec.read_stream(p_daemon text) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    received integer := 0;
    answer flixim.stream_row;
    daemon spec.daemons;
BEGIN
    SELECT d.* INTO daemon FROM spec.daemons AS d WHERE d.daemon = p_daemon;
    IF NOT FOUND THEN
        -- It begins now: what happened before is for sync.
        INSERT INTO spec.daemons (daemon, since) VALUES (p_daemon, clock_timestamp() - interval '1 hour') RETURNING * INTO daemon;
        INSERT INTO spec.told (who, event_id) SELECT p_daemon, id FROM flixim.events;
    END IF;
    FOR answer IN SELECT r.* FROM flixim.read_stream(daemon.snapshot, daemon.since) AS r LOOP
        IF answer.snapshot IS NOT NULL THEN
            UPDATE spec.daemons AS d SET snapshot = answer.snapshot WHERE d.daemon = p_daemon;
        ELSE
            received := received + 1;
            INSERT INTO spec.told (who, stamp, event_id) VALUES (p_daemon, answer.stamp, answer.event_id);
        END IF;
    END LOOP;
    INSERT INTO spec.complaints
    SELECT 'a committed event was not read' FROM flixim.events AS e
    WHERE NOT EXISTS (SELECT FROM spec.told AS t WHERE t.who = p_daemon AND t.event_id = e.id);
    RETURN received;
END
$$;

-- Falling asleep: after its lease is committed a daemon takes the horizon, and reads on until every transaction up to there has
-- ended. Those may have looked for sleepers before the lease was there; all later ones see it.
CREATE FUNCTION spec.take_horizon(p_daemon text) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    UPDATE spec.daemons SET horizon = flixim.listener_horizon() WHERE daemon = p_daemon;
END;

CREATE FUNCTION spec.read_on(p_daemon text) RETURNS integer LANGUAGE sql
RETURN (
    SELECT CASE WHEN pg_snapshot_xmin(d.snapshot) <= d.horizon THEN spec.read_stream(p_daemon) END
    FROM spec.daemons AS d
    WHERE d.daemon = p_daemon
);

-- What looks as good and is not: to wait for the transactions that the last read's snapshot lists as in progress. The newest one
-- is in no list: a snapshot's upper bound is the latest transaction that has ended.
CREATE FUNCTION spec.read_on_by_snapshot(p_daemon text) RETURNS integer LANGUAGE sql
RETURN (
    SELECT CASE WHEN EXISTS (SELECT FROM pg_snapshot_xip(d.snapshot)) THEN spec.read_stream(p_daemon) END
    FROM spec.daemons AS d
    WHERE d.daemon = p_daemon
);

-- Pushes. A user has one device; a daemon says who is online there (since NULL: no more), and what users may have missed.
CREATE FUNCTION spec.add_device(p_user integer) RETURNS text LANGUAGE sql
RETURN (flixim.add_device(spec.caller(p_user), 'webhook', 'device-' || p_user)).outcome::text;

CREATE FUNCTION spec.present(p_daemon integer, p_user integer, p_since timestamptz DEFAULT NULL) RETURNS void LANGUAGE sql
RETURN flixim.update_presence(spec.u(p_daemon), ARRAY[spec.u(p_user)], ARRAY[p_since], ARRAY[NULL]::timestamptz[]);

CREATE FUNCTION spec.missed(p_user integer) RETURNS integer LANGUAGE sql
RETURN flixim.push_missed(ARRAY[spec.u(p_user)], ARRAY[NULL]::timestamptz[]);

-- Without a delay one call takes a horizon, and the next one looks at what that sees. Returns how many pushes that made, or NULL where
-- somebody else is at it.
CREATE FUNCTION spec.collect() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    collected integer := 0;
    answer record;
BEGIN
    FOR turn IN 1..2 LOOP
        SELECT c.* INTO answer FROM flixim.collect_pushes() AS c;
        collected := collected + CASE WHEN answer.is_mine THEN answer.collected END;
    END LOOP;
    RETURN collected;
END
$$;

-- Puts what was collected down, and takes it away: if it were collected again, it would be there twice.
CREATE FUNCTION spec.take(p_who text) RETURNS void LANGUAGE sql SECURITY DEFINER
BEGIN ATOMIC
    WITH taken AS (
        DELETE FROM flixim.pushes RETURNING message_id
    )
    INSERT INTO spec.told (who, message_id) SELECT p_who, message_id FROM taken;
END;

-- A daemon claims all that is due, and says what it got.
CREATE FUNCTION spec.claim(p_daemon integer) RETURNS bigint LANGUAGE sql
BEGIN ATOMIC
    WITH claimed AS (
        INSERT INTO spec.told (who, event_id, message_id)
        SELECT 'daemon ' || p_daemon, c.push_id, c.message_id
        FROM flixim.claim_pushes(spec.u(p_daemon), 'webhook', 100, '{}', '1 hour') AS c
        WHERE c.push_id IS NOT NULL
        RETURNING 1
    )
    SELECT count(*) FROM claimed;
END;

CREATE FUNCTION spec.settle(p_daemon integer, p_result flixim.push_result) RETURNS integer LANGUAGE sql
BEGIN ATOMIC
    SELECT flixim.settle_pushes(spec.u(p_daemon), array_agg(t.event_id), array_agg(p_result), array_agg('x'::text), array_agg(NULL::interval))
    FROM spec.told AS t
    WHERE t.who = 'daemon ' || p_daemon;
END;

-- The verdict: ok, or each rule that does not hold, each complaint and each violated invariant.
CREATE TYPE spec.rule AS (name text, holds boolean);

CREATE FUNCTION spec.verdict(p_rules spec.rule[], p_ok text DEFAULT 'ok') RETURNS TABLE (verdict text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    SELECT 'not so: ' || r.name FROM unnest(p_rules) AS r WHERE r.holds IS NOT TRUE
    UNION ALL
    SELECT c.complaint FROM spec.complaints AS c
    UNION ALL
    SELECT 'invariant: ' || i.invariant || ': ' || i.detail FROM flixim.check_invariants() AS i;
    IF NOT FOUND THEN
        RETURN QUERY SELECT p_ok;
    END IF;
END
$$;
