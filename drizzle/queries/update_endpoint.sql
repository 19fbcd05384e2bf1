-- Every change of an endpoint's row: settings, pause, resume, disable, delete.
--
-- $1 id          bigint
-- $2 nonce       int
-- $3 tenant      text    null = whoever's endpoint it is
-- $4 changes     jsonb   column → new value; what is not named stays
-- $5 from        text[]  states in which it may be made
-- $6 action      text    } for the audit
-- $7 who         text    }
-- $8 request_id  text    }
--
-- Returns no row where there is no such endpoint, else whether its state allowed the change.
with
before as materialized (
  select p as endpoint, p.state
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null
    and ($3::text is null or p.tenant = $3::text)
  for update
),
after as materialized (
  select before.endpoint as was, wanted.*
  from before
  cross join lateral jsonb_populate_record(before.endpoint, $4::jsonb) as wanted
  where before.state::text = any ($5::text[])
),
difference as materialized (
  select after.id, jsonb_object_agg(
    case old.key when 'sealed_headers' then 'headers' else old.key end,
    case old.key
      when 'sealed_headers' then '"changed"'
      -- A query may hold a token.
      when 'url' then jsonb_build_object('from', regexp_replace(old.value #>> '{}', '\?.*', '?***'),
                                         'to', regexp_replace(new.value #>> '{}', '\?.*', '?***'))
      else jsonb_build_object('from', old.value, 'to', new.value)
    end
  ) as changes
  from after
  cross join lateral jsonb_each(to_jsonb(after.was)) as old
  join lateral jsonb_each($4::jsonb) as given on given.key = old.key
  join lateral jsonb_each(to_jsonb(jsonb_populate_record(after.was, $4::jsonb))) as new on new.key = old.key
  where old.value <> new.value
  group by after.id
),
changed as (
  update outbox.endpoints p
  set url = after.url, description = after.description, event_types = after.event_types, tenant = after.tenant,
      sealed_headers = after.sealed_headers, ordering = after.ordering, max_in_flight = after.max_in_flight,
      rate_per_second = after.rate_per_second, timeout_seconds = after.timeout_seconds,
      retry_schedule = after.retry_schedule, state = after.state, disabled_reason = after.disabled_reason,
      deleted_at = after.deleted_at
  from after
  join difference on difference.id = after.id
  where p.id = after.id
  returning p.id, p.deleted_at
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
select exists (select from after) as allowed
from before
