-- The id a new secret will have: a sealed value is bound to it before the row exists.
--
-- Returns one row.
-- -> secret_id  bigint as string
select nextval('outbox.endpoint_secrets_id_seq') as secret_id
