-- Puts what was sealed anew in the place of what was read, unless somebody has changed it since: what is newer stays.
-- The arrays run in parallel, one place for each value:
--
-- $1 endpoint_ids  bigint[]
-- $2 secret_ids    bigint[]  null = the endpoint's custom headers
-- $3 read          text[]    hex
-- $4 sealed_anew   text[]    hex
--
-- Returns how many were put. The endpoint's version goes up, so senders read it again.
with
given as materialized (
  select g.endpoint_id, g.secret_id, decode(g.read, 'hex') as read, decode(g.sealed_anew, 'hex') as sealed_anew
  from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) as g (endpoint_id, secret_id, read, sealed_anew)
),
-- First the endpoint, then its keys, as rotate_secret.sql does it: so the two never wait for each other in a circle.
-- An endpoint that somebody is just changing is passed by.
endpoint as materialized (
  select p.id
  from outbox.endpoints p
  where p.id in (select endpoint_id from given)
  order by p.id
  for update skip locked
),
secret as (
  update outbox.endpoint_secrets s
  set sealed = given.sealed_anew
  from given
  join endpoint on endpoint.id = given.endpoint_id
  where s.id = given.secret_id and s.sealed = given.read
  returning 1
),
headers as (
  update outbox.endpoints p
  set sealed_headers = given.sealed_anew
  from given
  join endpoint on endpoint.id = given.endpoint_id
  where given.secret_id is null and p.id = given.endpoint_id and p.sealed_headers = given.read
  returning 1
)
select ((select count(*) from secret) + (select count(*) from headers))::int as sealed_anew
