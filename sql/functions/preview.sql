-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.preview(p_content_type, p_content)
-- Conversation.last_message_content: the first 100 characters of the text, else of the title, else a word for the kind.
-- NULL for no message.

CREATE OR REPLACE FUNCTION flixim.preview(p_content_type flixim.content_type, p_content json) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(
    coalesce(
        nullif(p_content ->> 'text', ''),
        nullif(p_content ->> 'title', ''),
        CASE p_content_type
            WHEN 'image' THEN '[图片]'
            WHEN 'product' THEN '[商品]'
            WHEN 'order' THEN '[订单]'
            WHEN 'comment' THEN '[评论]'
            WHEN 'like' THEN '[点赞]'
            WHEN 'favorite' THEN '[收藏]'
            WHEN 'system' THEN '[系统消息]'
        END),
    100);

COMMENT ON FUNCTION flixim.preview(flixim.content_type, json) IS 'What a list of conversations shows of a message.';
