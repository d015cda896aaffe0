-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.settle_pushes(p_daemon_id, p_push_ids, p_results, p_reasons, p_delays)
-- For a daemon: what came of pushes that it had claimed. What is no longer its own, because it took too long, is left alone.
-- p_results: see push_result. retry: again after p_delays, but not before the backoff, which is 2 s, doubled with each try up to 10 min, times
--            0.5 to 1; dead if that is after its lifetime. gone: the device is disabled, and nothing waits for it any more;
--            retry if it was registered again after the try began.
--            released: due after p_delays (NULL: a second), and not counted as a try.
-- p_reasons: in a few words, for the administrator; NULL where all went well
-- Locks the devices that are gone, in their order, and then pushes by device and message. Returns how many were settled.

CREATE OR REPLACE FUNCTION flixim.settle_pushes(
    p_daemon_id uuid,
    p_push_ids uuid[],
    p_results flixim.push_result[],
    p_reasons text[],
    p_delays interval[]
) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    now_at timestamptz := clock_timestamp();
    lifetime interval := (SELECT s.push_lifetime FROM flixim.settings AS s);
    gone uuid[];
    settled integer;
    deleted integer;
BEGIN
    PERFORM flixim.require_read_committed();
    gone := ARRAY(
        SELECT d.id
        FROM flixim.devices AS d
        WHERE d.id = ANY (ARRAY(
            SELECT p.device_id
            FROM unnest(p_push_ids, p_results) AS x (id, result)
            CROSS JOIN LATERAL flixim.find_push(x.id) AS p
            WHERE x.result = 'gone' AND p.state = 'waiting' AND p.claimed_by = p_daemon_id
                AND NOT EXISTS (SELECT FROM flixim.devices AS y WHERE y.id = p.device_id AND y.updated_at >= p.claimed_at)
        ))
        ORDER BY d.id
        FOR NO KEY UPDATE
    );
    PERFORM flixim.lock_pushes(p_push_ids || ARRAY(
        SELECT p.id FROM flixim.device_pushes(gone) AS p WHERE p.state = 'waiting'
    ));

    UPDATE flixim.devices AS d
    SET disabled_at = now_at, disabled_reason = coalesce(x.reason, 'gone')
    FROM unnest(p_push_ids, p_results, p_reasons) AS x (id, result, reason)
    CROSS JOIN LATERAL flixim.find_push(x.id) AS p
    WHERE x.result = 'gone' AND p.state = 'waiting' AND p.claimed_by = p_daemon_id AND d.id = p.device_id AND d.id = ANY (gone)
        AND d.disabled_at IS NULL;

    WITH result AS MATERIALIZED (
        SELECT DISTINCT ON (p.id) p.id, p.attempts, p.inserted_at + lifetime AS expires_at, x.reason,
            CASE x.result WHEN 'gone' THEN 'retry' ELSE x.result END AS result,
            now_at + CASE x.result
                WHEN 'released' THEN coalesce(x.delay, interval '1 second')
                ELSE greatest(
                    coalesce(x.delay, '0'),
                    least(interval '10 minutes', interval '2 seconds' * 2 ^ least(p.attempts - 1, 20)) * (0.5 + random() / 2))
            END AS next_at
        FROM unnest(p_push_ids, p_results, p_reasons, p_delays) AS x (id, result, reason, delay)
        CROSS JOIN LATERAL flixim.find_push(x.id) AS p
        WHERE p.state = 'waiting' AND p.claimed_by = p_daemon_id
            AND (x.result <> 'gone' OR (
                p.device_id <> ALL (gone) AND EXISTS (SELECT FROM flixim.devices AS d WHERE d.id = p.device_id)
            ))
    ),
    judged AS (
        SELECT r.*,
            CASE
                WHEN r.result = 'sent' THEN 'sent'
                WHEN r.result = 'dead' OR (r.result = 'retry' AND r.next_at >= r.expires_at) THEN 'dead'
                ELSE 'waiting'
            END::flixim.push_state AS state
        FROM result AS r
    )
    UPDATE flixim.pushes AS p
    SET state = j.state,
        reason = CASE
            WHEN j.result = 'released' THEN p.reason
            WHEN j.state = 'dead' THEN coalesce(j.reason, 'no reason given')
            ELSE j.reason
        END,
        due_at = CASE WHEN j.state = 'waiting' THEN j.next_at ELSE p.due_at END,
        ended_at = CASE WHEN j.state <> 'waiting' THEN now_at END,
        attempts = CASE WHEN j.result = 'released' THEN greatest(p.attempts - 1, 0) ELSE p.attempts END,
        claimed_by = NULL
    FROM judged AS j
    WHERE p.id = j.id;
    GET DIAGNOSTICS settled = ROW_COUNT;

    -- Of a device that was deleted meanwhile there may be pushes as well.
    DELETE FROM flixim.pushes AS p
    WHERE p.id = ANY (ARRAY(
        SELECT x.id FROM flixim.device_pushes(gone) AS x WHERE x.state = 'waiting'
        UNION
        SELECT x.id
        FROM unnest(p_push_ids, p_results) AS x (id, result)
        CROSS JOIN LATERAL flixim.find_push(x.id) AS y
        WHERE x.result = 'gone' AND y.state = 'waiting' AND y.claimed_by = p_daemon_id
    ));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN settled + deleted;
END
$$;

COMMENT ON FUNCTION flixim.settle_pushes(uuid, uuid[], flixim.push_result[], text[], interval[]) IS
    'For a daemon: what came of pushes that it had claimed.';
