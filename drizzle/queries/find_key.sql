-- The API key with this hash, if it is valid now. Asked for each request, so that a revoked key ends with the next one.
-- That it was used is written at most once a minute.
--
-- $1 hash  text  in hexadecimal
--
-- Returns one row or none.
-- -> name        text
-- -> scope       text
-- -> tenant      text?
-- -> expires_at  text?
with
found as materialized (
  select id, name, scope, tenant, expires_at, last_used_at
  from outbox.api_keys
  where hash = decode($1::text, 'hex') and (expires_at is null or expires_at > clock_timestamp())
),
used as (
  update outbox.api_keys k
  set last_used_at = clock_timestamp()
  from found
  where k.id = found.id and (k.last_used_at is null or k.last_used_at < clock_timestamp() - interval '1 minute')
)
select name, scope, tenant, to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as expires_at
from found
