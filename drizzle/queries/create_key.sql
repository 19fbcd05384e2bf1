-- An API key, of which only a hash of a hash is kept.
--
-- $1 name        text
-- $2 scope       text
-- $3 tenant      text?         null = it sees everything
-- $4 hash        text          in hexadecimal
-- $5 expires_at  timestamptz?  null = never
-- $6 actor       text          for the audit
-- $7 request_id  text          for the audit
--
-- Returns one row.
-- -> id          bigint
-- -> nonce       int
-- -> created_at  text
with
created as (
  insert into outbox.api_keys (name, scope, tenant, hash, expires_at)
  values ($1::text, $2::text, $3::text, decode($4::text, 'hex'), $5::timestamptz)
  returning *
),
audited as (
  insert into outbox.audit (who, request_id, action, changes)
  select $6::text, $7::text, 'key.created', jsonb_build_object('id', jsonb_build_object('from', null, 'to', 'key_' || lpad(to_hex(id), 16, '0') || lpad(to_hex(nonce), 8, '0')),
    'name', jsonb_build_object('from', null, 'to', name),
    'scope', jsonb_build_object('from', null, 'to', scope), 'tenant', jsonb_build_object('from', null, 'to', tenant),
    'expires_at', jsonb_build_object('from', null, 'to', outbox.at(expires_at)))
  from created
)
select id, nonce, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as created_at
from created
