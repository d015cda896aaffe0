-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.resolve_messages(one array per field of a message)
-- The first step of send_messages(): gives each message its conversation and its digest, and refuses what breaks a rule
-- that needs no lock: the token, the scope, the receiver, the content.
-- A message names its target by receiver_id, by conversation_id, or by both, which then must agree. Whether a conversation takes
-- messages of that type is judged by how its id begins, and so alike whether there is such a conversation or not.
-- Returns o_batch, in the order given; o_conversations, the keys of those that the messages not refused go to; o_has_missing,
-- whether a conversation or a sender's user row has to be made first.

CREATE OR REPLACE FUNCTION flixim.resolve_messages(
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
    p_token_digests bytea[],
    OUT o_batch flixim.outgoing[],
    OUT o_conversations uuid[],
    OUT o_has_missing boolean
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- OFFSET 0 keeps the planner from merging a step into the next, which would evaluate its expressions once per use.
    WITH identified AS (
        -- An opaque token says who sends, when it was issued and its scope; a JWT has said so already.
        SELECT
            given.ordinal,
            CASE WHEN given.token_digest IS NULL THEN given.sender_id ELSE token.user_id END AS sender_id,
            CASE WHEN given.token_digest IS NULL THEN given.issued_at ELSE token.issued_at END AS issued_at,
            CASE WHEN given.token_digest IS NULL THEN given.is_system ELSE token.is_system END AS is_system,
            given.client_message_id,
            given.named_conversation_id,
            given.given_receiver_id,
            given.message_type,
            given.content_type,
            given.content,
            given.reference_id,
            given.client_timestamp,
            given.origin
        FROM unnest(p_sender_ids, p_issued_at, p_is_system, p_client_message_ids, p_conversation_ids, p_receiver_ids,
                p_message_types, p_content_types, p_contents, p_reference_ids, p_client_timestamps, p_origins, p_token_digests)
            WITH ORDINALITY AS given (sender_id, issued_at, is_system, client_message_id, named_conversation_id,
                given_receiver_id, message_type, content_type, content, reference_id, client_timestamp, origin, token_digest,
                ordinal)
        LEFT JOIN LATERAL (
            SELECT t.user_id, t.issued_at, t.is_system
            FROM flixim.tokens AS t
            WHERE t.token_digest = given.token_digest AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()
            OFFSET 0
        ) AS token ON true
    ),
    named AS (
        SELECT
            raw.*,
            flixim.content_body(raw.content) AS body,
            (raw.message_type = 'private_message' AND raw.named_conversation_id LIKE 'group:%') IS TRUE AS is_group,
            -- In three parts: one regular expression that knows all places costs four times as much.
            CASE WHEN named_user.id LIKE '________-____-____-____-____________'
                AND octet_length(replace(named_user.id, '-', '')) = 32
                AND named_user.id ~ '^[0-9a-f-]+$'
                THEN named_user.id::uuid
            END AS named_receiver_id
        FROM identified AS raw
        CROSS JOIN LATERAL (
            -- The user that the conversation_id names: its last part, or of a private one the part that is not the sender.
            -- Whether the rest of it is right is seen by building it again.
            SELECT CASE raw.message_type
                WHEN 'private_message' THEN CASE raw.sender_id::text
                    WHEN substr(raw.named_conversation_id, 9, 36) THEN substr(raw.named_conversation_id, 46)
                    WHEN substr(raw.named_conversation_id, 46) THEN substr(raw.named_conversation_id, 9, 36)
                END
                WHEN 'interaction' THEN substr(raw.named_conversation_id, 13)
                ELSE substr(raw.named_conversation_id, 21)
            END AS id
        ) AS named_user
        OFFSET 0
    ),
    target AS (
        SELECT
            n.*,
            coalesce(n.given_receiver_id, n.named_receiver_id) AS receiver_id,
            -- How the id of a conversation begins that takes the message.
            CASE
                WHEN n.is_group THEN 'group:'
                WHEN n.message_type = 'private_message' THEN 'private:'
                WHEN n.message_type = 'interaction' THEN 'interaction:'
                WHEN n.message_type = 'system_notification' THEN 'system:notification:'
                ELSE 'system:announcement:'
            END AS id_prefix
        FROM named AS n
    ),
    addressed AS (
        SELECT
            t.*,
            sender.user_id IS NULL AS is_new_sender,
            t.sender_id IS NULL OR sender.tokens_valid_from > coalesce(t.issued_at, '-infinity') AS is_revoked,
            CASE
                WHEN t.is_group THEN 'group'
                WHEN t.message_type = 'private_message' THEN 'private'
                ELSE 'system'
            END::flixim.conversation_type AS conversation_type,
            CASE
                WHEN t.is_group THEN t.named_conversation_id
                WHEN t.message_type = 'private_message' THEN
                    t.id_prefix || least(t.sender_id, t.receiver_id) || ':' || greatest(t.sender_id, t.receiver_id)
                ELSE t.id_prefix || t.receiver_id
            END AS conversation_id,
            CASE
                WHEN t.message_type IS NULL THEN 'message_type:required'
                WHEN t.content_type IS NULL THEN 'content_type:required'
                WHEN t.content IS NULL THEN 'content:required'
                WHEN t.body IS NULL THEN 'content:unsupported'
                WHEN NOT starts_with(t.named_conversation_id, t.id_prefix) THEN 'conversation_id:message_type'
                WHEN t.is_group AND t.receiver_id IS NOT NULL THEN 'receiver_id:not_in_group'
                WHEN t.named_conversation_id IS NULL AND t.receiver_id IS NULL THEN 'receiver_id:required'
                WHEN t.given_receiver_id <> t.named_receiver_id THEN 'receiver_id:mismatch'
                WHEN t.receiver_id = t.sender_id AND t.message_type IN ('private_message', 'interaction')
                    THEN 'receiver_id:not_self'
                ELSE flixim.content_fault(t.content_type, t.body)
            END AS fault
        FROM target AS t
        LEFT JOIN flixim.users AS sender ON sender.user_id = t.sender_id
        OFFSET 0
    ),
    judged AS (
        SELECT
            a.*,
            coalesce(a.client_message_id, gen_random_uuid()) AS sure_client_message_id,
            CASE
                WHEN a.is_revoked THEN 'invalid_token'
                WHEN a.fault IS NOT NULL THEN 'invalid'
                WHEN a.message_type IN ('system_notification', 'system_announcement') AND a.is_system IS NOT TRUE
                    THEN 'insufficient_scope'
                WHEN a.conversation_id IS NULL OR a.conversation_id <> a.named_conversation_id THEN 'conversation_not_found'
            END::flixim.outcome AS outcome
        FROM addressed AS a
    ),
    located AS (
        SELECT
            j.*,
            (
                SELECT c.id
                FROM flixim.conversations AS c
                WHERE j.outcome IS NULL
                    AND c.conversation_id = j.conversation_id
                    -- Membership never changes, so it may be judged before the locks: a stranger locks nothing.
                    AND (j.conversation_type <> 'group' OR EXISTS (
                        SELECT FROM flixim.members AS m WHERE m.conversation = c.id AND m.user_id = j.sender_id
                    ))
            ) AS conversation,
            sha256(convert_to(concat_ws(E'\n', j.conversation_id, j.message_type, j.content_type,
                coalesce(j.reference_id::text, '-'), j.body::text), 'UTF8')) AS request_digest
        FROM judged AS j
        OFFSET 0
    ),
    resolved AS (
        SELECT
            l.*,
            CASE
                WHEN l.outcome IS NULL AND l.conversation_type = 'group' AND l.conversation IS NULL
                    THEN 'conversation_not_found'
                ELSE l.outcome
            END AS final_outcome,
            l.outcome IS NULL
                AND l.conversation_type <> 'group'
                AND (l.is_new_sender OR l.conversation IS NULL)
                -- What will be refused as a conflict with a stored message makes nothing.
                AND NOT EXISTS (
                    SELECT FROM flixim.messages AS m
                    WHERE m.sender_id = l.sender_id AND m.client_message_id = l.sure_client_message_id
                ) AS is_missing
        FROM located AS l
    )
    SELECT
        array_agg(ROW(r.ordinal, r.final_outcome,
            CASE WHEN r.outcome = 'invalid' THEN split_part(r.fault, ':', 1) END,
            CASE WHEN r.outcome = 'invalid' THEN split_part(r.fault, ':', 2) END, r.sender_id,
            r.sure_client_message_id, r.conversation_id, r.conversation_type, r.conversation, r.is_missing,
            r.receiver_id, r.message_type, r.content_type, r.content, r.request_digest, r.reference_id,
            date_trunc('milliseconds', r.client_timestamp), r.origin)::flixim.outgoing ORDER BY r.ordinal),
        array_agg(DISTINCT r.conversation) FILTER (WHERE r.final_outcome IS NULL AND r.conversation IS NOT NULL),
        bool_or(r.is_missing)
    INTO o_batch, o_conversations, o_has_missing
    FROM resolved AS r;
END
$$;

COMMENT ON FUNCTION flixim.resolve_messages(
    uuid[], timestamptz[], boolean[], uuid[], text[], uuid[], flixim.message_type[], flixim.content_type[], json[], uuid[],
    timestamptz[], uuid[], bytea[]
) IS 'The first step of send_messages(): conversation, digest and refusals that need no lock.';
