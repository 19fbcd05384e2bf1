-- The id a new secret will have: what is sealed is bound to it before the row exists.
select nextval('outbox.endpoint_secrets_id_seq')::text as secret_id
