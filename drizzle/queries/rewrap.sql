-- Replaces sealed values by the same values under the present master key. A value that has changed since it was read stays.
-- The endpoint's version goes up, so senders read it again.
--
-- $1 values[].endpoint_id  bigint as string
-- $2 values[].secret_id    bigint? as string  null = the endpoint's custom headers
-- $3 values[].sealed       text     as it was read, in hexadecimal
-- $4 values[].rewrapped    text     in hexadecimal
--
-- Returns one row.
-- -> rewrapped  int
with
given as materialized (
  select g.endpoint_id, g.secret_id, decode(g.sealed, 'hex') as sealed, decode(g.rewrapped, 'hex') as rewrapped
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) as g (endpoint_id, secret_id, sealed, rewrapped)
),
-- First the endpoint, then its keys, as in rotate_secret.sql: so the two statements never wait for each other in a circle.
-- An endpoint that another transaction is changing is skipped.
endpoint as materialized (
  select p.id
  from outbox.endpoints p
  where p.id in (select endpoint_id from given)
  order by p.id
  for update skip locked
),
secret as (
  update outbox.endpoint_secrets s
  set sealed = given.rewrapped
  from given
  join endpoint on endpoint.id = given.endpoint_id
  where s.id = given.secret_id and s.sealed = given.sealed
  returning 1
),
headers as (
  update outbox.endpoints p
  set sealed_headers = given.rewrapped
  from given
  join endpoint on endpoint.id = given.endpoint_id
  where given.secret_id is null and p.id = given.endpoint_id and p.sealed_headers = given.sealed
  returning 1
)
select ((select count(*) from secret) + (select count(*) from headers))::int as rewrapped
