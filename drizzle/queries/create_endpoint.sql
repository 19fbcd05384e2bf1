-- An endpoint and its first secret at once: no other transaction ever sees one without the other.
--
-- $1 id              bigint as EndpointId  from reserve_endpoint_ids.sql
-- $2 secret_id       bigint as string      from reserve_endpoint_ids.sql
-- $3 sealed_secret   text                  in hexadecimal
-- $4 sealed_headers  text?                 in hexadecimal
-- $5 settings        jsonb                 JSON text: every setting by its column's name
-- $6 public_key      text?                 with ed25519
-- $7 actor           text                  for the audit
-- $8 request_id      text                  for the audit
--
-- Returns one row.
-- -> public_id  text
with
clock as materialized (
  select clock_timestamp() as now
),
endpoint as (
  insert into outbox.endpoints
  overriding system value
  select given.*
  from clock
  -- A row made of JSON has no defaults, so those of columns that are no settings are repeated here. Settings all come from
  -- $5: a new one needs no line in this statement.
  cross join lateral jsonb_populate_record(
    null::outbox.endpoints,
    $5::jsonb || jsonb_build_object(
      'id', $1::bigint,
      'nonce', (floor(random() * 4294967296) - 2147483648)::int,
      'sealed_headers', decode($4::text, 'hex'),
      'state', 'active',
      'version', 1,
      'created_at', clock.now,
      'updated_at', clock.now
    )
  ) as given
  returning id, nonce, signing
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id)
  select $7::text, $8::text, 'endpoint.created', endpoint.id
  from endpoint
)
insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed, public_key)
overriding system value
select $2::bigint, endpoint.id, endpoint.signing, decode($3::text, 'hex'), $6::text
from endpoint
returning (select outbox.endpoint_id(id, nonce) from endpoint) as public_id
