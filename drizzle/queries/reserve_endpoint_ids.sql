-- The ids that new endpoints and their secrets will have: sealed values are bound to them before the rows exist.
--
-- $1 count  int
--
-- Returns rows.
-- -> endpoint_id  bigint as EndpointId
-- -> nonce        int                   the random half of the endpoint's public id
-- -> secret_id    bigint as string
select
  nextval('outbox.endpoints_id_seq') as endpoint_id,
  (floor(random() * 4294967296) - 2147483648)::int as nonce,
  nextval('outbox.endpoint_secrets_id_seq') as secret_id
from generate_series(1, $1::int)
