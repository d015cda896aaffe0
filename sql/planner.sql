-- SPDX-License-Identifier: Apache-2.0
-- How the planner is held to index lookups in the functions that requests call. Read by install.sql after functions.sql.
--
-- A pooled session keeps a plan for its life, and may have made it when the tables were empty or of a few pages: a sequential scan
-- or a hash join that was right then reads millions of rows later, until the next ANALYZE. All these functions look up a bounded
-- number of rows by key, for which nested loops over indexes are right at any size. With pages for nothing and operators for next to
-- nothing, what counts is the number of rows read: an empty table that was never analyzed is taken for ten pages, and reading those
-- would seem cheaper than a lookup. A custom plan per call costs more than the call
-- (docs/decisions/0005-planner-settings.md has the figures).
-- enable_sort is off in the functions that page through an index in its order, for the same reason; they say so themselves. None
-- of them may call one that locks: to lock in order without a sort would read the whole index.

DO $$
DECLARE
    request record;
BEGIN
    FOR request IN
        SELECT p.oid::regprocedure AS signature
        FROM pg_proc AS p
        WHERE p.pronamespace = 'flixim'::regnamespace
            AND p.prosecdef
            AND p.proname <> 'check_invariants'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET seq_page_cost = 0', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET random_page_cost = 0', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET cpu_operator_cost = 0.0001', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET enable_seqscan = off', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET enable_bitmapscan = off', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET enable_hashjoin = off', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET enable_mergejoin = off', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET plan_cache_mode = force_generic_plan', request.signature);
        EXECUTE format('ALTER FUNCTION %s SET jit = off', request.signature);
    END LOOP;
END
$$;
