-- SPDX-License-Identifier: Apache-2.0
-- What the tests of pushes are written in: devices by their token, pushes as "token message". All of it runs as the superuser, with
-- commits of its own: what can be collected is about commits, so that these tests have no transaction around them.

SET TIME ZONE 'UTC';
\ir helpers.sql
\ir inside.sql
SELECT no_plan();

-- A device, registered by its user under its token; web_push with its endpoint at the host that the token names.
CREATE PROCEDURE t.device(number integer, token text, provider text DEFAULT 'webhook')
LANGUAGE plpgsql
AS $$
DECLARE
    outcome text;
BEGIN
    IF provider = 'web_push' THEN
        SELECT a.outcome INTO outcome
        FROM flixim.add_device(t.caller(number), 'web_push', p_subscription => json_build_object('endpoint', 'https://' || token,
            'keys', json_build_object('p256dh', 'B' || repeat('A', 86), 'auth', repeat('A', 22)))) AS a;
    ELSE
        SELECT a.outcome INTO outcome FROM flixim.add_device(t.caller(number), provider::flixim.push_provider, token) AS a;
    END IF;
    CALL t.must(outcome, 'created');
END
$$;

CREATE FUNCTION t.d(token text) RETURNS uuid
LANGUAGE sql STABLE
RETURN (SELECT d.id FROM flixim.devices AS d WHERE d.token IN ($1, 'https://' || $1));

-- The pushes in a state, by device and then in the order of their events; with what else a test asks for.
CREATE FUNCTION t.pushes(state text DEFAULT 'waiting') RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT coalesce(string_agg(concat_ws(' ', coalesce(d.token, 'gone'), t.name(p.message_id)), ', ' ORDER BY d.token, p.stamp), '')
    FROM flixim.pushes AS p
    LEFT JOIN flixim.devices AS d ON d.id = p.device_id
    WHERE p.state = $1::flixim.push_state;
$$;

-- Time that passes for the horizons alone.
CREATE PROCEDURE t.ripen(age interval DEFAULT '1 hour')
LANGUAGE sql
AS $$
    UPDATE flixim.push_horizons SET taken_at = taken_at - age;
$$;

-- All that is committed is looked at: a horizon is taken and ripens. Returns how many pushes that made.
CREATE FUNCTION t.collect() RETURNS integer
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    found integer := 0;
    answer record;
BEGIN
    CALL t.ripen();
    FOR turn IN 1..20 LOOP
        SELECT c.* INTO answer FROM flixim.collect_pushes() AS c;
        CALL t.must(answer.is_mine::text, 'true');
        found := found + answer.collected;
        IF NOT answer.has_more THEN
            EXIT WHEN answer.next_in_ms IS NULL;
            CALL t.ripen();
        END IF;
    END LOOP;
    RETURN found;
END
$$;

-- What a daemon is given to send, as "token message", and how many it looked at.
CREATE FUNCTION t.claim(
    provider text DEFAULT 'webhook',
    at_most integer DEFAULT 1000,
    busy text[] DEFAULT '{}',
    daemon integer DEFAULT 901,
    claim interval DEFAULT '1 minute'
) RETURNS text
LANGUAGE sql VOLATILE
AS $$
    SELECT concat_ws(': ', max(c.looked_at), string_agg(concat_ws(' ', c.token, t.name(c.message_id)), ', ' ORDER BY c.place)
        FILTER (WHERE c.push_id IS NOT NULL))
    FROM (
        SELECT row_number() OVER () AS place, x.*
        FROM flixim.claim_pushes(t.u(daemon), provider::flixim.push_provider, at_most, busy, claim) AS x
    ) AS c;
$$;

-- The push of a message for a device.
CREATE FUNCTION t.push(token text, message text) RETURNS flixim.pushes
LANGUAGE sql STABLE
AS $$
    SELECT p.* FROM flixim.pushes AS p WHERE p.device_id = t.d(token) AND p.message_id = t.m(message);
$$;

-- The result of one try, as the daemon tells it.
CREATE FUNCTION t.settle(
    token text,
    message text,
    result text,
    reason text DEFAULT NULL,
    delay interval DEFAULT NULL,
    daemon integer DEFAULT 901
) RETURNS integer
LANGUAGE sql VOLATILE
RETURN flixim.settle_pushes(t.u(daemon), ARRAY[(t.push(token, message)).id], ARRAY[result]::flixim.push_result[], ARRAY[reason],
    ARRAY[delay]);

CREATE PROCEDURE t.online(number integer, since timestamptz DEFAULT '-infinity', daemon integer DEFAULT 901)
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM flixim.update_presence(t.u(daemon), ARRAY[t.u(number)], ARRAY[since], ARRAY[NULL]::timestamptz[]);
END
$$;

CREATE FUNCTION t.stamp(number integer, message text) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN (SELECT e.stamp FROM flixim.events AS e WHERE e.target_user_id = t.u(number) AND e.message_id = t.m(message)
    AND e.event_type = 'new_message');
