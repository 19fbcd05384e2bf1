-- Endpoints are made and changed: all that are listed, or none. A change is one of settings, or a pause, a resume, a deletion.
-- No other transaction ever sees a new endpoint without its first secret.
--
-- $1 created     jsonb  JSON text: a list of new ones: id, nonce and secret_id from reserve_endpoint_ids.sql, sealed_secret, public_key, and every setting by its column's name
-- $2 changed     jsonb  JSON text: a list of {id, nonce, from, action, changes}: states in which it may be done, its name for the audit, column → new value; other columns stay
-- $3 tenant      text?  null = those of any tenant may be changed
-- $4 actor       text   for the audit
-- $5 request_id  text   for the audit
--
-- Returns rows: one for each of `changed`, in its order. Unless all of them are allowed, nothing was done.
-- -> state       outbox.endpoint_state?  before; null = there is no such endpoint
-- -> is_allowed  bool                    the state allowed the change
with
asked as materialized (
  select a.*
  from rows from (jsonb_to_recordset($2::jsonb) as (id bigint, nonce int, "from" text[], action text, changes jsonb))
       with ordinality as a (id, nonce, states, action, changes, place)
),
-- In the order of ids, so that two requests never wait for each other in a circle.
before as materialized (
  select p as endpoint, p.id, p.state
  from outbox.endpoints p
  join asked on asked.id = p.id and asked.nonce = p.nonce
  where p.deleted_at is null and ($3::text is null or p.tenant = $3::text)
  order by p.id
  for update of p
),
found as materialized (
  select asked.*, before.endpoint, before.state,
         before.state is not null and before.state::text = any (asked.states) as is_allowed
  from asked
  left join before on before.id = asked.id
),
accepted as materialized (
  select clock_timestamp() as now
  where not exists (select from found where not is_allowed)
),

-- New ones. ----------------------------------------------------------------------------------------------------------
-- A row made of JSON has no defaults, so those of columns that are no settings are repeated here. Settings all come from
-- $1: a new one needs no line in this statement.
made as (
  insert into outbox.endpoints
  overriding system value
  select given.*
  from accepted
  cross join jsonb_array_elements($1::jsonb) as e (settings)
  cross join lateral jsonb_populate_record(
    null::outbox.endpoints,
    e.settings || jsonb_build_object(
      'state', 'active',
      'version', 1,
      'changed_tenant', false,
      'created_at', accepted.now,
      'updated_at', accepted.now
    )
  ) as given
  returning id, signing
),
keyed as (
  insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed, public_key)
  overriding system value
  select given.secret_id, made.id, made.signing, decode(given.sealed_secret, 'hex'), given.public_key
  from made
  join jsonb_to_recordset($1::jsonb) as given (id bigint, secret_id bigint, sealed_secret text, public_key text)
    on given.id = made.id
),

-- Changed ones. ------------------------------------------------------------------------------------------------------
wanted as materialized (
  select found.endpoint as was, found.changes as asked_for, found.action, wanted.*
  from accepted
  cross join found
  cross join lateral jsonb_populate_record(found.endpoint, found.changes) as wanted
),
changed as (
  update outbox.endpoints p
  set name = wanted.name, sequence = wanted.sequence, expires_after_idle_seconds = wanted.expires_after_idle_seconds, url = wanted.url, description = wanted.description, event_types = wanted.event_types, tenant = wanted.tenant,
      sealed_headers = wanted.sealed_headers, ordering = wanted.ordering, format = wanted.format, max_in_flight = wanted.max_in_flight,
      rate_per_second = wanted.rate_per_second, timeout_seconds = wanted.timeout_seconds,
      retry_schedule = wanted.retry_schedule, state = wanted.state, disabled_reason = wanted.disabled_reason,
      deleted_at = wanted.deleted_at
  from wanted
  -- What is as it was already is not written: the version stays, so senders need not read the row again.
  where p.id = wanted.id and to_jsonb(wanted.was) <> to_jsonb(jsonb_populate_record(wanted.was, wanted.asked_for))
  returning p.id, p.deleted_at, wanted.was, wanted.asked_for, wanted.action, p as is_now
),
-- Made of the row as it was written, not of what was asked for: the audit never tells a change that did not happen.
difference as materialized (
  select changed.id, changed.action, jsonb_object_agg(
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
  join lateral jsonb_object_keys(changed.asked_for) as given on given = old.key
  where old.value <> new.value
  group by changed.id, changed.action
),
-- Resumed though it is active: it is tried at once, and not only when its breaker or its receiver says so.
tried as materialized (
  select found.id, outbox.forget_failures(found.id)::text as done
  from accepted
  cross join found
  join outbox.endpoint_health l on l.endpoint_id = found.id
  where found.action = 'endpoint.resumed' and found.state = 'active' and (l.probe_at is not null or l.not_before > accepted.now)
),
stopped as (
  update outbox.replays r
  set state = 'canceled', finished_at = clock_timestamp()
  from changed
  where r.endpoint_id = changed.id and r.state = 'running' and changed.deleted_at is not null
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, changes)
  select $4::text, $5::text, 'endpoint.created', id, null from made
  union all
  select $4::text, $5::text, action, id, changes from difference
  union all
  select $4::text, $5::text, 'endpoint.resumed', id, null from tried
)
select state, is_allowed
from found
order by place
