-- Stops a replay. The deliveries it has already made due stay due. A replay that is done stays done.
--
-- $1 id          bigint
-- $2 nonce       int
-- $3 tenant      text?   null = any tenant's
-- $4 actor       text    for the audit
-- $5 request_id  text    for the audit
--
-- Returns nothing.
with
canceled as (
  update outbox.replays r
  set state = 'canceled', finished_at = clock_timestamp()
  where r.id = $1::bigint and r.nonce = $2::int and r.state = 'running'
    and ($3::text is null or r.tenant = $3::text
         or exists (select from outbox.endpoints p where p.id = r.endpoint_id and p.tenant = $3::text))
  returning r.id, r.endpoint_id
)
insert into outbox.audit (who, request_id, action, endpoint_id, replay_id)
select $4::text, $5::text, 'replay.canceled', endpoint_id, id
from canceled
