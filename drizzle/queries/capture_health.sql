-- The self-check of capture: what was measured, whether it is fine, what to do if not (drizzle/functions/capture_health.sql).
select name, value, healthy, advice
from outbox.capture_health()
