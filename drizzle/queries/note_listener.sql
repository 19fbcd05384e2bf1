-- Writes down that this listener is alive, and forgets those that have not been for an hour.
--
-- $1 name       text
-- $2 version    text
-- $3 awake      bool  it polls
-- $4 in_flight  int
--
-- Returns nothing.
with
forgotten as (
  delete from outbox.listeners
  where seen_at < clock_timestamp() - interval '1 hour' and name <> $1::text
)
insert into outbox.listeners as l (name, version, awake, in_flight)
values ($1::text, $2::text, $3::bool, $4::int)
on conflict (name) do update
set awake = excluded.awake, in_flight = excluded.in_flight, seen_at = clock_timestamp()
