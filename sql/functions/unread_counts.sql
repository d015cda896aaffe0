-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.unread_counts(p_caller)
-- GET /messages/unread_count: the counters of the caller's row, exact at every commit. All NULL but o_outcome when refused.

CREATE OR REPLACE FUNCTION flixim.unread_counts(
    p_caller flixim.caller,
    OUT o_outcome flixim.outcome,
    OUT total bigint,
    OUT system_notification integer,
    OUT system_announcement integer,
    OUT interaction integer,
    OUT private_message integer
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    me uuid := (flixim.identify(p_caller)).user_id;
BEGIN
    IF me IS NULL THEN
        o_outcome := 'invalid_token';
        RETURN;
    END IF;

    SELECT u.unread_system_notification, u.unread_system_announcement, u.unread_interaction, u.unread_private_message
    INTO system_notification, system_announcement, interaction, private_message
    FROM flixim.users AS u
    WHERE u.user_id = me;

    o_outcome := 'ok';
    system_notification := coalesce(system_notification, 0);
    system_announcement := coalesce(system_announcement, 0);
    interaction := coalesce(interaction, 0);
    private_message := coalesce(private_message, 0);
    total := system_notification::bigint + system_announcement + interaction + private_message;
END
$$;

COMMENT ON FUNCTION flixim.unread_counts(flixim.caller) IS 'GET /messages/unread_count.';
