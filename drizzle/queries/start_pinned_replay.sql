-- Starts a replay that was previewed: with its token, once, by whoever it was shown to.
--
-- $1 token_hash   text     in hexadecimal
-- $2 tenant       text?    the caller's
-- $3 endpoint_id  bigint?  the endpoint it was previewed for; null = by a filter
-- $4 endpoint_nonce int?
-- $5 actor        text     for the audit
-- $6 request_id   text     for the audit
--
-- Returns one row or none: none where there is no such preview for this caller.
-- -> is_expired  bool
-- -> id          bigint
-- -> nonce       int
-- -> count       int
-- -> state       outbox.replay_state  before
-- -> noticed     text?
with
preview as materialized (
  select r.id, r.nonce, r.pinned, r.state, r.expires_at <= clock_timestamp() as is_expired, r.endpoint_id, r.filter, r.scope
  from outbox.replays r
  left join outbox.endpoints p on p.id = r.endpoint_id
  where r.token_hash = decode($1::text, 'hex') and r.tenant is not distinct from $2::text
    and r.endpoint_id is not distinct from $3::bigint and ($4::int is null or p.nonce = $4::int)
  for update of r
),
started as (
  update outbox.replays r
  set state = 'running', stepped_at = clock_timestamp()
  from preview
  where r.id = preview.id and preview.state = 'previewed' and not preview.is_expired
  returning r.id
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, replay_id, changes)
  select $5::text, $6::text, 'replay.started', preview.endpoint_id, preview.id,
         jsonb_build_object('filter', preview.filter, 'only', preview.scope, 'count', preview.pinned)
  from started
  join preview on preview.id = started.id
)
select preview.is_expired, preview.id, preview.nonce, preview.pinned as count, preview.state,
       case when exists (select from started) then outbox.wake()::text end as noticed
from preview
