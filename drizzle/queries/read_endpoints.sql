-- One consistent version of each of these endpoints, with the secrets that sign now, still sealed.
--
-- $1 ids  bigint[] as EndpointId
--
-- Returns rows.
-- -> id                 bigint as EndpointId
-- -> version            int
-- -> public_id          text
-- -> url                text
-- -> sealed_headers     text?     in hexadecimal
-- -> max_in_flight      int
-- -> rate_per_second    float8?
-- -> timeout_seconds    float8?
-- -> retry_schedule     float8[]?
-- -> is_tenants         bool
-- -> format             outbox.webhook_format
-- -> sequence           bool      each delivery has a number
-- -> secrets[].id       text      keys without an end first, then the newest
-- -> secrets[].signing  outbox.signing
-- -> secrets[].sealed   text      in hexadecimal
select
  p.id, p.version, outbox.endpoint_id(p.id, p.nonce) as public_id, p.url,
  encode(p.sealed_headers, 'hex') as sealed_headers,
  p.max_in_flight, p.rate_per_second, p.timeout_seconds, p.retry_schedule,
  p.tenant is not null as is_tenants, p.format, p.sequence,
  (
    select coalesce(json_agg(json_build_object('id', s.id::text, 'signing', s.signing, 'sealed', encode(s.sealed, 'hex'))
                             order by s.expires_at is not null, s.id desc), '[]')
    from outbox.endpoint_secrets s
    where s.endpoint_id = p.id and (s.expires_at is null or s.expires_at > clock_timestamp())
  )::text as secrets
from outbox.endpoints p
where p.id = any ($1::bigint[])
