-- A new signing key takes over; older ones go on signing beside it until the overlap is over at the latest.
--
-- $1 id               bigint
-- $2 nonce            int
-- $3 tenant           text    null = whoever's endpoint it is
-- $4 secret_id        bigint  from reserve_secret_id.sql
-- $5 signing          outbox.signing
-- $6 sealed_secret    text    hex
-- $7 public_key       text    with ed25519
-- $8 overlap_seconds  float8
-- $9 most_alive       int     keys that may sign at once
-- $10 who             text    } for the audit
-- $11 request_id      text    }
--
-- Returns no row where there is no such endpoint, else whether there was room for another key. Of two at once the second
-- breaks endpoint_secrets_one_endless.
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
room as materialized (
  select endpoint.id, endpoint.signing
  from endpoint, clock
  where $8::float8 = 0 -- ends all others
     or $9::int > (select count(*) from outbox.endpoint_secrets s
                   where s.endpoint_id = endpoint.id and (s.expires_at is null or s.expires_at > clock.now))
),
ended as (
  update outbox.endpoint_secrets s
  set expires_at = least(s.expires_at, clock.now + make_interval(secs => $8::float8)) -- least() passes nulls by
  from room, clock
  where s.endpoint_id = room.id and (s.expires_at is null or s.expires_at > clock.now)
  returning s.id
),
created as (
  insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed, public_key)
  overriding system value
  select $4::bigint, room.id, $5::outbox.signing, decode($6::text, 'hex'), $7::text
  from room
  where (select count(*) from ended) >= 0 -- only once the old ones have their end
),
signed as (
  update outbox.endpoints p
  set signing = $5::outbox.signing
  from room
  where p.id = room.id
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id, changes)
  select $10::text, $11::text, 'endpoint.rotated', room.id,
         jsonb_build_object('signing', jsonb_build_object('from', room.signing, 'to', $5::outbox.signing),
                            'overlap_seconds', $8::float8)
  from room
)
select exists (select from room) as had_room
from endpoint
