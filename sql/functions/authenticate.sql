-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.authenticate(p_caller)
-- Judges a token, for a connection that will live: outcome ok with what the token says and live_from, the newest position that a
-- sync of the user could have (see newest_position), from which on the connection is live; or invalid_token. So a client may take
-- live_from as its cursor and is not told to resync. Makes the user's row: it appears at the first token.
-- expires_at is of an opaque token; a JWT says it itself. issued_at of a login that is judged with every request (infinity) is now, or
-- as soon after as a token can be valid: for a token that shall be issued to it.

CREATE OR REPLACE FUNCTION flixim.authenticate(
    p_caller flixim.caller,
    OUT o_outcome flixim.outcome,
    OUT user_id uuid,
    OUT issued_at timestamptz,
    OUT is_system boolean,
    OUT expires_at timestamptz,
    OUT live_from timestamptz
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_caller flixim.caller := flixim.identify(p_caller);
BEGIN
    IF found_caller.user_id IS NULL THEN
        o_outcome := 'invalid_token';
        RETURN;
    END IF;

    PERFORM flixim.add_users(ARRAY[found_caller.user_id]);
    o_outcome := 'ok';
    user_id := found_caller.user_id;
    is_system := coalesce(found_caller.is_system, false);
    SELECT
        flixim.newest_position(u.last_event_at, u.inserted_at, s.event_floor),
        CASE found_caller.issued_at
            WHEN 'infinity' THEN greatest(date_trunc('milliseconds', clock_timestamp()), u.tokens_valid_from)
            ELSE found_caller.issued_at
        END
    INTO live_from, issued_at
    FROM flixim.users AS u
    CROSS JOIN flixim.settings AS s
    WHERE u.user_id = found_caller.user_id;
    SELECT t.expires_at INTO expires_at FROM flixim.tokens AS t WHERE t.token_digest = p_caller.token_digest;
END
$$;

COMMENT ON FUNCTION flixim.authenticate(flixim.caller) IS 'Judges a token, for a connection that will live.';
