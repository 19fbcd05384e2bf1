-- One consistent version of each of these endpoints with the secrets that sign now, still sealed.
--
-- $1 endpoint_ids  bigint[]
select
  p.id::text, p.version, outbox.endpoint_id(p.id, p.nonce) as public_id, p.url,
  encode(p.sealed_headers, 'hex') as sealed_headers,
  p.max_in_flight, p.rate_per_second, p.timeout_seconds, p.retry_schedule, p.tenant is not null as is_tenants,
  (
    select coalesce(json_agg(json_build_object('id', s.id::text, 'signing', s.signing, 'sealed', encode(s.sealed, 'hex'))
                             order by s.expires_at is not null, s.id desc), '[]')
    from outbox.endpoint_secrets s
    where s.endpoint_id = p.id and (s.expires_at is null or s.expires_at > clock_timestamp())
  )::text as secrets
from outbox.endpoints p
where p.id = any ($1::bigint[])
