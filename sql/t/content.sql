-- SPDX-License-Identifier: Apache-2.0
-- Message.content: what each content type needs, what optional keys must look like, and where the limits are.

\ir lib/begin.sql

-- A table of cases: content type, content, verdict.
SELECT is(t.verdict(t.send(1, 2, content => c.content, content_type => c.content_type)), c.verdict, c.about)
FROM (VALUES
    ('text', '{"text":"x"}', 'created', 'a text has a text'),
    ('text', '{}', 'invalid content.text:required', 'without one it is refused'),
    ('text', '{"text":""}', 'invalid content.text:required', 'an empty one is none'),
    ('text', '{"text":null}', 'invalid content.text:required', 'null is none'),
    ('text', '{"text":" "}', 'created', 'a blank is a text'),
    ('text', '{"text":7}', 'invalid content.text:string', 'a number is no text'),
    ('text', '{"text":["x"]}', 'invalid content.text:string', 'an array is no text'),
    ('text', '[]', 'invalid content:object', 'content is an object, not an array'),
    ('text', '"x"', 'invalid content:object', 'not a string'),
    ('text', 'null', 'invalid content:object', 'not null'),
    ('image', '{"image_urls":["a"]}', 'created', 'an image has addresses'),
    ('image', '{}', 'invalid content.image_urls:required', 'without any it is refused'),
    ('image', '{"image_urls":[]}', 'invalid content.image_urls:required', 'an empty list is none'),
    ('image', '{"image_urls":null}', 'invalid content.image_urls:required', 'null is none'),
    ('image', '{"image_urls":"a"}', 'invalid content.image_urls:array', 'a string is no list'),
    ('image', '{"image_urls":{"0":"a"}}', 'invalid content.image_urls:array', 'an object is no list'),
    ('image', '{"image_urls":["a",1]}', 'invalid content.image_urls:strings', 'an address is a string, not a number'),
    ('image', '{"image_urls":["a",null]}', 'invalid content.image_urls:strings', 'not null'),
    ('image', '{"image_urls":["a",{}]}', 'invalid content.image_urls:strings', 'not an object'),
    ('image', '{"image_urls":[["a"]]}', 'invalid content.image_urls:strings', 'not an array, whatever it holds'),
    ('image', '{"image_urls":[[]]}', 'invalid content.image_urls:strings', 'nor an empty one'),
    ('image', '{"image_urls":["a",""]}', 'invalid content.image_urls:strings', 'not an empty string'),
    ('image', '{"image_urls":["1","2","3","4","5","6","7","8","9"]}', 'created', 'nine images are allowed'),
    ('image', '{"image_urls":["1","2","3","4","5","6","7","8","9","10"]}', 'invalid content.image_urls:too_many', 'ten are not'),
    ('image', '{"image_urls":["a"],"text":"x"}', 'created', 'an image may have a text'),
    ('text', '{"text":"x","image_urls":["a"]}', 'created', 'a text may have images'),
    ('text', '{"text":"x","image_urls":7}', 'invalid content.image_urls:array', 'which then keep the rules of images'),
    ('text', '{"text":"x","image_urls":null,"title":null,"deep_link":null}', 'created', 'an optional key that is null counts as absent'),
    ('text', '{"text":"x","title":"t","deep_link":"app://x"}', 'created', 'title and link are strings'),
    ('text', '{"text":"x","title":7}', 'invalid content.title:string', 'a title is nothing else'),
    ('text', '{"text":"x","deep_link":{}}', 'invalid content.deep_link:string', 'a link is nothing else'),
    ('text', '{"text":"x","anything":{"else":[1,null]}}', 'created', 'unknown keys are not looked at'),
    ('product', '{}', 'created', 'a product needs an object, no more'),
    ('order', '{}', 'created', 'so does an order'),
    ('comment', '{}', 'created', 'a comment'),
    ('like', '{}', 'created', 'a like'),
    ('favorite', '{}', 'created', 'a favorite'),
    ('system', '{}', 'created', 'and a system message'),
    ('like', '[]', 'invalid content:object', 'but an object it is'),
    ('like', '{"text":7}', 'invalid content.text:string', 'and a text in it is a string')
) AS c (content_type, content, verdict, about);

SELECT is(t.verdict(t.send(1, 2, said => repeat(c.letter, c.length))), c.verdict, c.about)
FROM (VALUES
    ('x', 10000, 'created', '10,000 characters are allowed'),
    ('x', 10001, 'invalid content.text:too_long', '10,001 are not'),
    ('消', 10000, 'created', 'characters are counted, not bytes'),
    ('消', 10001, 'invalid content.text:too_long', 'also where they are more'),
    ('😀', 10000, 'created', 'also of four bytes'),
    ('😀', 10001, 'invalid content.text:too_long', 'a character beyond the first plane is one')
) AS c (letter, length, verdict, about);

-- Kept as it was written.
SELECT is((t.send(1, 2, content => c)).content::text, c, 'kept byte for byte: ' || c)
FROM unnest(ARRAY[
    '{ "text" : "x" ,"b":1.50, "a":[ ] }', '{"text":"x","unknown":{"消息":"\u00e9\\"}}', '{"text":"x","a":1,"a":2}'
]) AS c;
SELECT is(
    (SELECT array_agg(l.content::text ORDER BY l.id) FROM flixim.list_messages(t.caller(2), 3) AS l WHERE l.id IS NOT NULL),
    ARRAY['{ "text" : "x" ,"b":1.50, "a":[ ] }', '{"text":"x","unknown":{"消息":"\u00e9\\"}}', '{"text":"x","a":1,"a":2}'],
    'and so it arrives');

-- Valid JSON that PostgreSQL cannot look into is one message's fault, not the batch's.
SELECT is(t.verdict(t.send(1, 2, content => c.content)), 'invalid content:unsupported', c.about)
FROM (VALUES
    ('{"text":"a\u0000b"}', 'a zero character'),
    ('{"text":"x","\u0000":1}', 'in a key, too'),
    ('{"text":"\ud800x"}', 'half a surrogate pair'),
    ('{"text":"x","n":1e200000}', 'a number beyond all bounds')
) AS c (content, about);
SELECT results_eq(
    $$SELECT s.outcome::text FROM t.send_all('{1,2,3}', '{2,3,1}', '{a,b,c}', contents => ARRAY[NULL, '{"text":"\u0000"}']::json[]) AS s$$,
    $$VALUES ('created'), ('invalid'), ('created')$$,
    'the others of its batch are sent');

\ir lib/end.sql
