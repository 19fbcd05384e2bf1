-- The self-check of capture: what was measured, whether it is fine, what to do if not (drizzle/migrations/0010_explain.sql).
select name, value, healthy, advice
from outbox.capture_health()
