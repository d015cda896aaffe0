-- SPDX-License-Identifier: Apache-2.0
-- What a test ends with: whatever it wrote has violated no invariant; and nothing of it stays.

RESET ROLE;
SELECT is_empty('SELECT * FROM flixim.check_invariants()', 'no invariant is violated');
SELECT finish();
ROLLBACK;
