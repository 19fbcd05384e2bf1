-- Revokes an API key: the next request that comes with it is refused.
--
-- $1 id          bigint
-- $2 nonce       int
-- $3 actor       text    for the audit
-- $4 request_id  text    for the audit
--
-- Returns one row or none: none where there is no such key.
-- -> name  text
with
deleted as (
  delete from outbox.api_keys
  where id = $1::bigint and nonce = $2::int
  returning id, nonce, name, scope, tenant
),
audited as (
  insert into outbox.audit (who, request_id, action, changes)
  select $3::text, $4::text, 'key.revoked', jsonb_build_object('id', jsonb_build_object('from', 'key_' || lpad(to_hex(id), 16, '0') || lpad(to_hex(nonce), 8, '0'), 'to', null),
    'name', jsonb_build_object('from', name, 'to', null),
    'scope', jsonb_build_object('from', scope, 'to', null), 'tenant', jsonb_build_object('from', tenant, 'to', null))
  from deleted
)
select name from deleted
