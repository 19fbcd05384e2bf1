-- Signing keys that still sign, and custom headers, that were sealed under one of these master keys: some of them, in random
-- order, so that a value that does not open never stands in the way of the rest. (A sealed value begins with a version, the
-- length of the key's id, and the id itself: delivery/secrets.ts.)
--
-- $1 key_ids  text[]  ids of master keys
-- $2 limit    int
--
-- Returns rows.
-- -> endpoint_id  bigint as string
-- -> secret_id    bigint? as string  null = the endpoint's custom headers
-- -> sealed       text   in hexadecimal
with sealed as (
  select p.id as endpoint_id, null::bigint as secret_id, p.sealed_headers as value
  from outbox.endpoints p
  where p.deleted_at is null and octet_length(p.sealed_headers) > 2
  union all
  select p.id, s.id, s.sealed
  from outbox.endpoint_secrets s
  join outbox.endpoints p on p.id = s.endpoint_id
  where p.deleted_at is null and (s.expires_at is null or s.expires_at > clock_timestamp()) and octet_length(s.sealed) > 2
)
select endpoint_id, secret_id, encode(value, 'hex') as sealed
from sealed
where get_byte(value, 0) = 1 and encode(substr(value, 3, get_byte(value, 1)), 'escape') = any ($1::text[])
order by random()
limit $2::int
