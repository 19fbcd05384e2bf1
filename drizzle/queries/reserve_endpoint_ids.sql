-- The ids a new endpoint and its secret will have: sealed values are bound to them before the rows exist.
select
  nextval('outbox.endpoints_id_seq')::text as endpoint_id,
  nextval('outbox.endpoint_secrets_id_seq')::text as secret_id
