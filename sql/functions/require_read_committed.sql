-- SPDX-License-Identifier: Apache-2.0
-- Function:   flixim.require_read_committed()
-- Writing functions wait for rows and then read what was committed meanwhile; only READ COMMITTED shows them that.

CREATE OR REPLACE FUNCTION flixim.require_read_committed() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'flixim writes under READ COMMITTED only, this transaction is %',
            upper(current_setting('transaction_isolation'))
            USING ERRCODE = 'feature_not_supported';
    END IF;
END
$$;

COMMENT ON FUNCTION flixim.require_read_committed() IS 'Refuses other isolation levels.';
