-- Every change of an endpoint's row: settings, pause, resume, disable, delete.
--
-- $1 id          bigint
-- $2 nonce       int
-- $3 tenant      text?   null = any tenant's
-- $4 changes     jsonb   JSON text: column → new value; other columns stay
-- $5 from        text[]  states in which the change may be made
-- $6 action      text    for the audit
-- $7 actor       text    for the audit
-- $8 request_id  text    for the audit
--
-- Returns one row or none: none where there is no such endpoint.
-- -> is_allowed  bool                   the state allowed the change
-- -> state       outbox.endpoint_state  before
with
before as materialized (
  select p as endpoint, p.state
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null
    and ($3::text is null or p.tenant = $3::text)
  for update
),
wanted as materialized (
  select before.endpoint as was, wanted.*
  from before
  cross join lateral jsonb_populate_record(before.endpoint, $4::jsonb) as wanted
  where before.state::text = any ($5::text[])
),
changed as (
  update outbox.endpoints p
  set name = wanted.name, expires_after_idle_seconds = wanted.expires_after_idle_seconds, url = wanted.url, description = wanted.description, event_types = wanted.event_types, tenant = wanted.tenant,
      sealed_headers = wanted.sealed_headers, ordering = wanted.ordering, format = wanted.format, max_in_flight = wanted.max_in_flight,
      rate_per_second = wanted.rate_per_second, timeout_seconds = wanted.timeout_seconds,
      retry_schedule = wanted.retry_schedule, state = wanted.state, disabled_reason = wanted.disabled_reason,
      deleted_at = wanted.deleted_at
  from wanted
  -- What is as it was already is not written: the version stays, so senders need not read the row again.
  where p.id = wanted.id and to_jsonb(wanted.was) <> to_jsonb(jsonb_populate_record(wanted.was, $4::jsonb))
  returning p.id, p.deleted_at, wanted.was, p as is_now
),
-- Made of the row as it was written, not of what was asked for: the audit never tells a change that did not happen.
difference as materialized (
  select changed.id, jsonb_object_agg(
    case old.key when 'sealed_headers' then 'headers' else old.key end,
    case old.key
      when 'sealed_headers' then '"changed"'
      -- A query may hold a token.
      when 'url' then jsonb_build_object('from', regexp_replace(old.value #>> '{}', '\?.*', '?***'),
                                         'to', regexp_replace(new.value #>> '{}', '\?.*', '?***'))
      else jsonb_build_object('from', old.value, 'to', new.value)
    end
  ) as changes
  from changed
  cross join lateral jsonb_each(to_jsonb(changed.was)) as old
  join lateral jsonb_each(to_jsonb(changed.is_now)) as new on new.key = old.key
  join lateral jsonb_object_keys($4::jsonb) as given on given = old.key
  where old.value <> new.value
  group by changed.id
),
stopped as (
  update outbox.replays r
  set state = 'canceled', finished_at = clock_timestamp()
  from changed
  where r.endpoint_id = changed.id and r.state = 'running' and changed.deleted_at is not null
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, changes)
  select $7::text, $8::text, $6::text, id, changes
  from difference
)
select exists (select from wanted) as is_allowed, before.state
from before
