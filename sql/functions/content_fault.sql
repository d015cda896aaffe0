-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.content_fault(p_content_type, p_content)
-- The first rule of Message.content that p_content breaks, as 'field:rule', or NULL. Unknown keys are kept and not looked at;
-- a known optional key that is null counts as absent.

CREATE OR REPLACE FUNCTION flixim.content_fault(p_content_type flixim.content_type, p_content jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(p_content) <> 'object' THEN 'content:object'
    WHEN jsonb_typeof(p_content -> 'text') NOT IN ('string', 'null') THEN 'content.text:string'
    WHEN p_content_type = 'text' AND coalesce(p_content ->> 'text', '') = '' THEN 'content.text:required'
    WHEN length(p_content ->> 'text') > 10000 THEN 'content.text:too_long'
    WHEN p_content_type = 'image' AND coalesce(p_content -> 'image_urls', 'null') IN ('null', '[]')
        THEN 'content.image_urls:required'
    WHEN jsonb_typeof(p_content -> 'title') NOT IN ('string', 'null') THEN 'content.title:string'
    WHEN jsonb_typeof(p_content -> 'deep_link') NOT IN ('string', 'null') THEN 'content.deep_link:string'
    WHEN p_content ? 'image_urls' THEN CASE
        WHEN jsonb_typeof(p_content -> 'image_urls') NOT IN ('array', 'null') THEN 'content.image_urls:array'
        WHEN p_content @? 'strict $.image_urls[9]' THEN 'content.image_urls:too_many'
        WHEN p_content @? 'strict $.image_urls[*] ? (@.type() != "string" || @ == "")' THEN 'content.image_urls:strings'
    END
END;

COMMENT ON FUNCTION flixim.content_fault(flixim.content_type, jsonb) IS 'The first rule of Message.content that is broken, as field:rule, or NULL.';
