-- The watched tables and what makes an event there.
--
-- Returns rows.
-- -> relation      text
-- -> operations    text[]
-- -> types         text[]
-- -> when_changed  text[]?      null = any column that the event shows
-- -> condition     text?
-- -> watched_at    text
select
  outbox.full_name(w.relation) as relation,
  array(select json_array_elements_text(w.options -> 'operations')) as operations,
  array(select distinct t #>> '{}' from jsonb_path_query((w.options -> 'types')::jsonb, 'strict $.**') as t
        where jsonb_typeof(t) = 'string' order by 1) as types,
  case when w.options -> 'when_changed' is not null then array(select json_array_elements_text(w.options -> 'when_changed')) end as when_changed,
  w.options ->> 'condition' as condition,
  to_char(w.watched_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as watched_at
from outbox.watches w
order by 1
