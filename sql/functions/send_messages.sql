-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.send_messages(one array per field of a message, p_wait, p_token_digests)
-- Sends a batch of messages, of one sender or of many, as sets; a batch of one is the common case.
-- All arrays have one entry per message. A message names its target by receiver_id, by conversation_id, or by both.
-- p_sender_ids, p_issued_at, p_is_system: of the sender's JWT, which the caller has verified
-- p_token_digests:           of the sender's opaque token, which is looked up in place of those three; NULL for a JWT
-- p_client_message_ids:      NULL: one is made up
-- p_origins:                 the connection that asks and gets the reply, or NULL
-- p_wait:                    false: messages that need a row which somebody else holds, or is about to make, come back busy
-- Returns a row per message in the order given: outcome created (new), ok (a retry: the first message as it is now),
-- or a refusal; with the message as its sender sees it.
-- Locks the conversations, then all who are told and the senders.

CREATE OR REPLACE FUNCTION flixim.send_messages(
    p_sender_ids uuid[],
    p_issued_at timestamptz[],
    p_is_system boolean[],
    p_client_message_ids uuid[],
    p_conversation_ids text[],
    p_receiver_ids uuid[],
    p_message_types flixim.message_type[],
    p_content_types flixim.content_type[],
    p_contents json[],
    p_reference_ids uuid[],
    p_client_timestamps timestamptz[],
    p_origins uuid[],
    p_wait boolean DEFAULT true,
    p_token_digests bytea[] DEFAULT NULL
) RETURNS SETOF flixim.message_answer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    batch flixim.outgoing[];
    conversations uuid[];
    has_missing boolean;
    missing flixim.new_conversation[];
    missing_senders uuid[];
    user_ids uuid[];
    locked_conversations uuid[];
    locked_user_ids uuid[];
    now_ms timestamptz;
    ms CONSTANT interval := '1 millisecond';
BEGIN
    -- A second time only where rows had to be made, whose keys are then there to be found.
    FOR attempt IN 1..2 LOOP
        SELECT r.o_batch, r.o_conversations, r.o_has_missing
        INTO batch, conversations, has_missing
        FROM flixim.resolve_messages(p_sender_ids, p_issued_at, p_is_system, p_client_message_ids, p_conversation_ids,
            p_receiver_ids, p_message_types, p_content_types, p_contents, p_reference_ids, p_client_timestamps, p_origins,
            p_token_digests) AS r;
        EXIT WHEN has_missing IS NOT TRUE;
        missing := ARRAY(
            SELECT ROW(b.conversation_id, b.conversation_type,
                CASE b.conversation_type
                    WHEN 'private' THEN ARRAY[b.sender_id, b.receiver_id]
                    ELSE ARRAY[b.receiver_id]
                END)::flixim.new_conversation
            FROM unnest(batch) AS b
            WHERE b.is_missing
            ORDER BY b.ordinal
        );
        missing_senders := ARRAY(SELECT b.sender_id FROM unnest(batch) AS b WHERE b.is_missing ORDER BY b.ordinal);
        IF p_wait THEN
            PERFORM flixim.add_conversations(missing, missing_senders);
        ELSE
            PERFORM flixim.try_add_conversations(missing, missing_senders);
        END IF;
    END LOOP;

    locked_conversations := flixim.lock_conversations(conversations, p_wait);
    user_ids := ARRAY(
        SELECT b.sender_id FROM unnest(batch) AS b WHERE b.outcome IS NULL
        UNION
        SELECT b.receiver_id FROM unnest(batch) AS b WHERE b.outcome IS NULL AND b.receiver_id IS NOT NULL
        UNION
        SELECT m.user_id
        FROM unnest(batch) AS b
        JOIN flixim.members AS m ON m.conversation = b.conversation
        WHERE b.outcome IS NULL AND b.conversation_type = 'group'
    );
    locked_user_ids := flixim.lock_users(user_ids, p_wait);
    IF NOT p_wait AND (has_missing
        OR cardinality(locked_conversations) < cardinality(conversations)
        OR cardinality(locked_user_ids) < cardinality(user_ids))
    THEN
        batch := flixim.defer_messages(batch, locked_conversations, locked_user_ids);
    END IF;

    -- From here on nobody else writes for these users: what is read now is the present, and stamps taken now come next.
    now_ms := date_trunc('milliseconds', clock_timestamp());

    RETURN QUERY
    WITH known AS (
        SELECT
            b.*,
            c.last_message_at,
            e.id AS known_id,
            e.request_digest AS known_digest,
            CASE
                WHEN b.outcome IS NOT NULL THEN b.outcome
                WHEN e.id IS NULL AND c.id IS NULL THEN 'conversation_not_found'
            END AS refusal
        FROM unnest(batch) AS b
        LEFT JOIN flixim.conversations AS c ON c.id = b.conversation AND b.outcome IS NULL
        LEFT JOIN flixim.messages AS e
            ON e.sender_id = b.sender_id AND e.client_message_id = b.client_message_id AND b.outcome IS NULL
    ),
    numbered AS (
        SELECT
            k.*,
            k.refusal IS NULL AND k.known_id IS NULL AND row_number() OVER same_request = 1 AS is_new,
            coalesce(k.known_digest, first_value(k.request_digest) OVER same_request) <> k.request_digest AS is_conflict
        FROM known AS k
        WINDOW same_request AS (PARTITION BY k.sender_id, k.client_message_id, k.refusal IS NULL ORDER BY k.ordinal)
    ),
    clocked AS (
        SELECT
            n.*,
            greatest(now_ms, n.last_message_at + ms)
                + (row_number() OVER (PARTITION BY n.conversation, n.is_new ORDER BY n.ordinal) - 1) * ms AS server_timestamp
        FROM numbered AS n
    ),
    item AS MATERIALIZED (
        SELECT c.*, CASE WHEN c.is_new THEN flixim.uuid_v7(c.server_timestamp) END AS new_id
        FROM clocked AS c
    ),
    copy AS MATERIALIZED (
        SELECT
            i.ordinal,
            i.new_id AS message_id,
            i.conversation,
            i.conversation_id,
            i.client_message_id,
            i.receiver_id,
            i.message_type,
            i.content_type,
            i.reference_id,
            i.server_timestamp,
            i.client_timestamp,
            told.user_id,
            told.is_member,
            told.user_id = i.sender_id AS is_senders,
            CASE WHEN told.user_id = i.sender_id THEN i.content END AS content,
            CASE WHEN told.user_id = i.sender_id AND i.receiver_id IS DISTINCT FROM i.sender_id
                THEN 'sent' ELSE 'unread' END::flixim.message_status AS status,
            CASE WHEN told.user_id = i.sender_id THEN i.origin END AS origin,
            greatest(now_ms, u.last_event_at + ms)
                + (row_number() OVER (PARTITION BY told.user_id ORDER BY i.ordinal) - 1) * ms AS stamp
        FROM item AS i
        CROSS JOIN LATERAL (
            SELECT i.receiver_id AS user_id, true AS is_member
            WHERE i.conversation_type <> 'group'
            UNION ALL
            -- The sender of a notice or an interaction is no member of the receiver's conversation.
            SELECT i.sender_id, i.conversation_type = 'private'
            WHERE i.conversation_type <> 'group' AND i.sender_id <> i.receiver_id
            UNION ALL
            SELECT m.user_id, true
            FROM flixim.members AS m
            WHERE i.conversation_type = 'group' AND m.conversation = i.conversation
        ) AS told
        CROSS JOIN LATERAL flixim.find_user(told.user_id) AS u
        WHERE i.is_new
    ),
    written_message AS (
        INSERT INTO flixim.messages (id, conversation, sender_id, receiver_id, client_message_id, message_type, content_type,
            reference_id, server_timestamp, client_timestamp, inserted_at, request_digest, content)
        SELECT i.new_id, i.conversation, i.sender_id, i.receiver_id, i.client_message_id, i.message_type, i.content_type,
            i.reference_id, i.server_timestamp, i.client_timestamp, now_ms, i.request_digest, i.content
        FROM item AS i
        WHERE i.is_new
    ),
    written_copy AS (
        INSERT INTO flixim.user_messages (user_id, message_id, conversation, message_type, status, changed_at)
        SELECT c.user_id, c.message_id, c.conversation, c.message_type, c.status, c.stamp
        FROM copy AS c
    ),
    written_event AS (
        INSERT INTO flixim.events (target_user_id, stamp, id, event_type, status, message_id, origin)
        SELECT c.user_id, c.stamp, flixim.uuid_v7(c.stamp), 'new_message', c.status, c.message_id, c.origin
        FROM copy AS c
    ),
    written_conversation AS (
        UPDATE flixim.conversations AS c
        SET last_message_at = latest.server_timestamp
        FROM (
            SELECT i.conversation, max(i.server_timestamp) AS server_timestamp
            FROM item AS i
            WHERE i.is_new
            GROUP BY i.conversation
        ) AS latest
        WHERE c.id = latest.conversation
    ),
    written_member AS (
        UPDATE flixim.members AS m
        SET unread_count = m.unread_count + added.unread,
            updated_at = added.stamp,
            recent_at = CASE
                WHEN m.recent_at >= added.server_timestamp - flixim.recency_lag() THEN m.recent_at
                ELSE added.server_timestamp
            END
        FROM (
            SELECT c.conversation, c.user_id, max(c.server_timestamp) AS server_timestamp, max(c.stamp) AS stamp,
                count(*) FILTER (WHERE c.status = 'unread') AS unread
            FROM copy AS c
            WHERE c.is_member
            GROUP BY c.conversation, c.user_id
        ) AS added
        WHERE m.conversation = added.conversation
            AND m.user_id = added.user_id
            -- Nothing changes for one who only sent, while recent_at is fresh enough.
            AND (added.unread > 0
                OR (m.recent_at >= added.server_timestamp - flixim.recency_lag()) IS NOT TRUE)
    ),
    written_user AS (
        UPDATE flixim.users AS u
        SET last_event_at = added.stamp,
            unread_system_notification = u.unread_system_notification + added.system_notification,
            unread_system_announcement = u.unread_system_announcement + added.system_announcement,
            unread_interaction = u.unread_interaction + added.interaction,
            unread_private_message = u.unread_private_message + added.private_message
        FROM (
            SELECT c.user_id, max(c.stamp) AS stamp,
                count(*) FILTER (WHERE c.status = 'unread' AND c.message_type = 'system_notification') AS system_notification,
                count(*) FILTER (WHERE c.status = 'unread' AND c.message_type = 'system_announcement') AS system_announcement,
                count(*) FILTER (WHERE c.status = 'unread' AND c.message_type = 'interaction') AS interaction,
                count(*) FILTER (WHERE c.status = 'unread' AND c.message_type = 'private_message') AS private_message
            FROM copy AS c
            GROUP BY c.user_id
        ) AS added
        WHERE u.user_id = added.user_id
    )
    SELECT 'created'::flixim.outcome, NULL, NULL, c.ordinal, NULL::timestamptz, NULL::boolean, NULL::boolean, c.message_id,
        c.client_message_id, c.conversation_id, c.user_id, c.receiver_id, c.content, c.content_type, c.message_type, c.status,
        c.reference_id, c.server_timestamp, c.client_timestamp, now_ms, c.stamp
    FROM copy AS c
    WHERE c.is_senders
    UNION ALL
    SELECT
        CASE
            WHEN i.refusal IS NOT NULL THEN i.refusal
            WHEN i.is_conflict THEN 'idempotency_conflict'
            ELSE 'ok'
        END::flixim.outcome,
        i.field, i.rule, i.ordinal, NULL, NULL, NULL, first.id,
        i.client_message_id, i.conversation_id, i.sender_id, i.receiver_id, first.content, i.content_type, i.message_type,
        first.status, i.reference_id, first.server_timestamp, first.client_timestamp, first.inserted_at, first.updated_at
    FROM item AS i
    LEFT JOIN LATERAL (
        -- A retry is answered with the message it repeats, stored before or earlier in this very batch.
        SELECT m.id, CASE WHEN v.status = 'deleted' THEN '{}' ELSE m.content END AS content, v.status, m.server_timestamp,
            m.client_timestamp, m.inserted_at, v.changed_at AS updated_at
        FROM flixim.find_message(i.known_id) AS m
        CROSS JOIN LATERAL flixim.find_copy(i.sender_id, m.message_type, m.id) AS v
        UNION ALL
        SELECT c.message_id, c.content, c.status, c.server_timestamp, c.client_timestamp, now_ms, c.stamp
        FROM copy AS c
        WHERE c.is_senders AND c.user_id = i.sender_id AND c.client_message_id = i.client_message_id
    ) AS first ON i.refusal IS NULL AND NOT i.is_conflict
    WHERE NOT i.is_new
    ORDER BY 4;

    -- Retries and refusals leave the clocks alone: nothing is new, nobody need be woken.
    IF EXISTS (SELECT FROM flixim.users AS u WHERE u.user_id = ANY (user_ids) AND u.last_event_at >= now_ms) THEN
        PERFORM flixim.wake_listeners();
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.send_messages(
    uuid[], timestamptz[], boolean[], uuid[], text[], uuid[], flixim.message_type[], flixim.content_type[], json[], uuid[],
    timestamptz[], uuid[], boolean, bytea[]
) IS 'Sends a batch of messages; a row with an outcome for each.';
