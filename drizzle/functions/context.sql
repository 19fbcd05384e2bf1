-- What travels with the event: set_config('outbox.actor', …, true) in the writer's transaction.
CREATE OR REPLACE FUNCTION outbox.context(setting text) RETURNS text
LANGUAGE sql STABLE
RETURN nullif(current_setting(setting, true), '');
