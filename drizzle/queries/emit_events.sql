-- Writes events that come in over HTTP together: all of them, in their order, or none.
--
-- $1 events           jsonb  JSON text: a list of {type, data, key, tenant}
-- $2 max_bytes        int    of the data of each, as Postgres prints it
-- $3 max_total_bytes  int    of all data together
--
-- Returns one row.
-- -> ids        text[]?  the events' public ids, in the order of the list; null where nothing was written
-- -> too_large  int?     the place, from 0, of the first event whose data is too large; null where only all together are
with
given as materialized (
  select e.place, e.type, coalesce(e.data, 'null')::text as data, e.key, e.tenant
  from rows from (jsonb_to_recordset($1::jsonb) as (type text, data jsonb, key text, tenant text))
       with ordinality as e (type, data, key, tenant, place)
),
size as materialized (
  select
    (min(place) filter (where octet_length(data) > $2::int) - 1)::int as too_large,
    sum(octet_length(data)) > $3::int as is_too_much
  from given
),
accepted as materialized (
  select
    array_agg(type order by place) as types,
    array_agg(data::json order by place) as data,
    array_agg(key order by place) as keys,
    array_agg(tenant order by place) as tenants
  from given
  where exists (select from size where too_large is null and not is_too_much)
  having count(*) > 0
)
select
  (
    select array_agg(recorded.id order by recorded.place)
    from accepted
    cross join lateral outbox.record_events(accepted.types, accepted.data, accepted.keys, accepted.tenants)
      with ordinality as recorded (id, occurred_at, place)
  ) as ids,
  size.too_large
from size
