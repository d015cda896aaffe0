-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.resolve_messages(one array per field of a message)
-- The first step of send_messages(): gives each message its conversation and its digest, and refuses what breaks a rule
-- that needs no lock: the token, the scope, the receiver, the content.
-- A message names its target by receiver_id, by conversation_id, or by both, which then must agree.
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
    OUT o_batch flixim.outgoing[],
    OUT o_conversations uuid[],
    OUT o_has_missing boolean
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT
        array_agg(ROW(r.ordinal, r.outcome, split_part(r.fault, ':', 1), split_part(r.fault, ':', 2),
            r.sender_id, r.issued_at, r.client_message_id, r.conversation_id, r.conversation_type, r.conversation,
            r.outcome IS NULL AND r.conversation_type <> 'group' AND (r.is_new_sender OR r.conversation IS NULL),
            r.receiver_id, r.message_type, r.content_type, r.content, r.request_digest, r.reference_id,
            r.client_timestamp, r.origin)::flixim.outgoing ORDER BY r.ordinal),
        array_agg(DISTINCT r.conversation) FILTER (WHERE r.outcome IS NULL AND r.conversation IS NOT NULL),
        bool_or(r.outcome IS NULL AND r.conversation_type <> 'group' AND (r.is_new_sender OR r.conversation IS NULL))
    INTO o_batch, o_conversations, o_has_missing
    FROM (
        SELECT
            judged.*,
            (
                SELECT c.id
                FROM flixim.conversations AS c
                WHERE judged.outcome IS NULL AND c.conversation_id = judged.conversation_id
            ) AS conversation,
            sha256(convert_to(concat_ws(E'\n', judged.conversation_id, judged.message_type, judged.content_type,
                coalesce(judged.reference_id::text, '-'), judged.body), 'UTF8')) AS request_digest
        FROM (
            SELECT
                addressed.*,
                CASE
                    WHEN addressed.is_revoked THEN 'invalid_token'
                    WHEN addressed.fault IS NOT NULL THEN 'invalid'
                    WHEN addressed.message_type IN ('system_notification', 'system_announcement')
                        AND NOT addressed.is_system THEN 'insufficient_scope'
                    WHEN addressed.conversation_id IS NULL OR addressed.conversation_id <> addressed.named_conversation_id
                        THEN 'conversation_not_found'
                END::flixim.outcome AS outcome
            FROM (
                SELECT
                    target.ordinal::integer AS ordinal,
                    target.sender_id,
                    target.issued_at,
                    coalesce(target.is_system, false) AS is_system,
                    coalesce(target.client_message_id, gen_random_uuid()) AS client_message_id,
                    target.named_conversation_id,
                    target.receiver_id,
                    target.message_type,
                    target.content_type,
                    target.content,
                    target.body::text AS body,
                    target.reference_id,
                    date_trunc('milliseconds', target.client_timestamp) AS client_timestamp,
                    target.origin,
                    sender.user_id IS NULL AS is_new_sender,
                    sender.tokens_valid_from > coalesce(target.issued_at, '-infinity') AS is_revoked,
                    CASE
                        WHEN target.is_group THEN 'group'
                        WHEN target.message_type = 'private_message' THEN 'private'
                        ELSE 'system'
                    END::flixim.conversation_type AS conversation_type,
                    CASE
                        WHEN target.is_group THEN target.named_conversation_id
                        WHEN target.message_type = 'private_message' THEN
                            'private:' || least(target.sender_id, target.receiver_id)
                                || ':' || greatest(target.sender_id, target.receiver_id)
                        WHEN target.message_type = 'interaction' THEN 'interaction:' || target.receiver_id
                        WHEN target.message_type = 'system_notification' THEN 'system:notification:' || target.receiver_id
                        ELSE 'system:announcement:' || target.receiver_id
                    END AS conversation_id,
                    CASE
                        WHEN target.message_type IS NULL THEN 'message_type:required'
                        WHEN target.content_type IS NULL THEN 'content_type:required'
                        WHEN target.content IS NULL THEN 'content:required'
                        WHEN target.is_group AND target.receiver_id IS NOT NULL THEN 'receiver_id:not_in_group'
                        WHEN target.named_conversation_id IS NULL AND target.receiver_id IS NULL THEN 'receiver_id:required'
                        WHEN target.given_receiver_id <> target.named_receiver_id THEN 'receiver_id:mismatch'
                        WHEN target.receiver_id = target.sender_id
                            AND target.message_type IN ('private_message', 'interaction') THEN 'receiver_id:not_self'
                        ELSE flixim.content_fault(target.content_type, target.body)
                    END AS fault
                FROM (
                    SELECT
                        named.*,
                        coalesce(named.given_receiver_id, named.named_receiver_id) AS receiver_id
                    FROM (
                        SELECT
                            raw.ordinal,
                            raw.sender_id,
                            raw.issued_at,
                            raw.is_system,
                            raw.client_message_id,
                            raw.conversation_id AS named_conversation_id,
                            raw.receiver_id AS given_receiver_id,
                            raw.message_type,
                            raw.content_type,
                            raw.content,
                            raw.content::jsonb AS body,
                            raw.reference_id,
                            raw.client_timestamp,
                            raw.origin,
                            raw.message_type = 'private_message' AND raw.conversation_id LIKE 'group:%' IS TRUE AS is_group,
                            CASE WHEN named_user.id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                                THEN named_user.id::uuid END AS named_receiver_id
                        FROM unnest(p_sender_ids, p_issued_at, p_is_system, p_client_message_ids, p_conversation_ids,
                                p_receiver_ids, p_message_types, p_content_types, p_contents, p_reference_ids,
                                p_client_timestamps, p_origins)
                            WITH ORDINALITY AS raw (sender_id, issued_at, is_system, client_message_id, conversation_id,
                                receiver_id, message_type, content_type, content, reference_id,
                                client_timestamp, origin, ordinal)
                        CROSS JOIN LATERAL (
                            -- The user that the conversation_id names: its second half, or of a private one the half that
                            -- is not the sender. Whether the first half is right is seen by building the id again.
                            SELECT CASE raw.message_type
                                WHEN 'private_message' THEN CASE raw.sender_id::text
                                    WHEN substr(raw.conversation_id, 9, 36) THEN substr(raw.conversation_id, 46)
                                    WHEN substr(raw.conversation_id, 46) THEN substr(raw.conversation_id, 9, 36)
                                END
                                WHEN 'interaction' THEN substr(raw.conversation_id, 13)
                                ELSE substr(raw.conversation_id, 21)
                            END AS id
                        ) AS named_user
                        OFFSET 0
                    ) AS named
                ) AS target
                LEFT JOIN flixim.users AS sender ON sender.user_id = target.sender_id
                OFFSET 0
            ) AS addressed
        ) AS judged
        OFFSET 0
    ) AS r;
END
$$;

COMMENT ON FUNCTION flixim.resolve_messages(
    uuid[], timestamptz[], boolean[], uuid[], text[], uuid[], flixim.message_type[], flixim.content_type[], json[], uuid[],
    timestamptz[], uuid[]
) IS 'The first step of send_messages(): conversation, digest and refusals that need no lock.';
