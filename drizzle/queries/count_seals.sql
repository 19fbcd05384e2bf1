-- How much of what is in use is sealed under which master key: signing keys that still sign, and custom headers.
--
-- Returns rows.
-- -> key_id   text?  null = the value is not one that we have sealed
-- -> secrets  int
-- -> headers  int
with sealed as (
  select s.sealed as value, 1 as secrets, 0 as headers
  from outbox.endpoint_secrets s
  join outbox.endpoints p on p.id = s.endpoint_id
  where p.deleted_at is null and (s.expires_at is null or s.expires_at > clock_timestamp())
  union all
  select p.sealed_headers, 0, 1
  from outbox.endpoints p
  where p.deleted_at is null and p.sealed_headers is not null
),
named as (
  select
    case when octet_length(value) > 2 then
      case when get_byte(value, 0) = 1 then encode(substr(value, 3, get_byte(value, 1)), 'escape') end
    end as key_id,
    secrets, headers
  from sealed
)
select key_id, sum(secrets)::int as secrets, sum(headers)::int as headers
from named
group by key_id
order by key_id
