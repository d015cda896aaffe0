-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.endpoint_origin(p_endpoint)
-- Scheme, host and port of a Web Push endpoint; NULL if it is no URL that pushes may go to: https, or http to this machine itself;
-- no user, no fragment, nothing but printable ASCII. To which hosts they do go is the daemon's setting web_push_hosts.

CREATE OR REPLACE FUNCTION flixim.endpoint_origin(p_endpoint text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN p_endpoint COLLATE "C" ~ '^[!-~]+$' THEN (regexp_match(
        p_endpoint COLLATE "C",
        '^((?:https://(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])|http://(?:localhost|127\.0\.0\.1|\[::1\]))'
            || '(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?)'
            || '(?:[/?][^#]*)?$'))[1]
END;

COMMENT ON FUNCTION flixim.endpoint_origin(text) IS 'The origin of a Web Push endpoint, or NULL if that is none.';
