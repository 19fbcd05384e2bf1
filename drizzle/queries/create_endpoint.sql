-- An endpoint and its first secret at once: nobody ever sees one without the other.
--
-- $1 id               bigint    } from reserve_endpoint_ids.sql
-- $2 secret_id        bigint    }
-- $3 sealed_secret    text      hex
-- $4 sealed_headers   text      hex, or null
-- $5 url              text
-- $6 description      text
-- $7 event_types      text[]    null = every type
-- $8 tenant           text      null = every tenant
-- $9 ordering         outbox.ordering
-- $10 max_in_flight   int
-- $11 rate_per_second float8    null = no limit
-- $12 timeout_seconds float8    null = OUTBOX_REQUEST_TIMEOUT_SECONDS
-- $13 retry_schedule  float8[]  null = OUTBOX_RETRY_SCHEDULE
-- $14 signing         outbox.signing
-- $15 public_key      text      with ed25519
-- $16 who             text      } for the audit
-- $17 request_id      text      }
with
endpoint as (
  insert into outbox.endpoints (
    id, sealed_headers, url, description, event_types, tenant, signing,
    ordering, max_in_flight, rate_per_second, timeout_seconds, retry_schedule
  )
  overriding system value
  values (
    $1::bigint, decode($4::text, 'hex'), $5::text, $6::text, $7::text[], $8::text, $14::outbox.signing,
    $9::outbox.ordering, $10::int, $11::float8, $12::float8, $13::float8[]
  )
  returning id, nonce, signing
),
audited as (
  insert into outbox.audit (who, request_id, action, endpoint_id)
  select $16::text, $17::text, 'endpoint.created', endpoint.id
  from endpoint
)
insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed, public_key)
overriding system value
select $2::bigint, endpoint.id, endpoint.signing, decode($3::text, 'hex'), $15::text
from endpoint
returning (select outbox.endpoint_id(id, nonce) from endpoint) as public_id
