-- The ids a new endpoint and its secret will have: sealed values are bound to them before the rows exist.
--
-- Returns one row.
-- -> endpoint_id  bigint as EndpointId
-- -> secret_id    bigint as string
select
  nextval('outbox.endpoints_id_seq') as endpoint_id,
  nextval('outbox.endpoint_secrets_id_seq') as secret_id
