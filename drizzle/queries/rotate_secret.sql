-- A new signing key takes over. Older keys go on signing beside it until the overlap ends, at the latest.
-- Of two rotations at once the second breaks endpoint_secrets_one_endless.
--
-- $1 id               bigint
-- $2 nonce            int
-- $3 tenant           text?    null = any tenant's
-- $4 secret_id        bigint as string  from reserve_secret_id.sql
-- $5 signing          outbox.signing
-- $6 sealed_secret    text     in hexadecimal
-- $7 public_key       text?    with ed25519
-- $8 overlap_seconds  float8
-- $9 max_keys         int      keys that may sign at once
-- $10 actor           text     for the audit
-- $11 request_id      text     for the audit
--
-- Returns one row or none: none where there is no such endpoint.
-- -> is_allowed  bool  one more key may sign
with
clock as materialized (
  select clock_timestamp() as now
),
endpoint as materialized (
  select p.id, p.signing
  from outbox.endpoints p
  where p.id = $1::bigint and p.nonce = $2::int and p.deleted_at is null
    and ($3::text is null or p.tenant = $3::text)
  for update
),
rotated as materialized (
  select endpoint.id, endpoint.signing
  from endpoint, clock
  where $8::float8 = 0 -- ends all others
     or $9::int > (select count(*) from outbox.endpoint_secrets s
                   where s.endpoint_id = endpoint.id and (s.expires_at is null or s.expires_at > clock.now))
),
ended as (
  update outbox.endpoint_secrets s
  set expires_at = least(s.expires_at, clock.now + make_interval(secs => $8::float8)) -- least() passes nulls by
  from rotated, clock
  where s.endpoint_id = rotated.id and (s.expires_at is null or s.expires_at > clock.now)
  returning s.id
),
created as (
  insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed, public_key)
  overriding system value
  select $4::bigint, rotated.id, $5::outbox.signing, decode($6::text, 'hex'), $7::text
  from rotated
  where (select count(*) from ended) >= 0 -- only once the old ones have their end
),
signed as (
  update outbox.endpoints p
  set signing = $5::outbox.signing
  from rotated
  where p.id = rotated.id
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, changes)
  select $10::text, $11::text, 'endpoint.rotated', rotated.id,
         jsonb_build_object('signing', jsonb_build_object('from', rotated.signing, 'to', $5::outbox.signing),
                            'overlap_seconds', $8::float8)
  from rotated
)
select exists (select from rotated) as is_allowed
from endpoint
