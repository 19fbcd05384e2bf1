-- The self-check of capture: what was measured, whether it is fine, and what to do if not (drizzle/functions/capture_health.sql).
--
-- Returns rows.
-- -> name     text
-- -> value    float8
-- -> healthy  bool
-- -> advice   text    what was found, and where it is not healthy, what to do
select name, value, healthy, advice
from outbox.capture_health()
