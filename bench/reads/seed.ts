// A database after a week: seven partitions, 1,000 endpoints of 100 tenants, two deliveries an event. Most were delivered at
// once; of a thousand deliveries 20 needed a second attempt, 5 are dead and 5 wait for their third.
import type pg from 'pg'

const endpoints = 1_000
const tenants = 100
const days = 7

export async function seed(client: pg.Client, deliveries: number): Promise<void> {
  await client.query(
    `insert into outbox.endpoints (url, tenant, events_after)
     select 'https://receiver.example/' || n, 't' || n % $2, 0 from generate_series(1, $1::int) n`,
    [endpoints, tenants],
  )
  for (let day = 0; day < days; day++) await addDay(client, day, Math.floor(deliveries / 2 / days))
  await client.query(history)
  await client.query('vacuum analyze')
}

async function addDay(client: pg.Client, day: number, events: number): Promise<void> {
  const { rows } = await client.query(addEvents, [events, days - day, tenants])
  const { first, last } = rows[0]!
  for (const offset of [0, 389]) {
    const of = [first, last, offset, endpoints]
    await client.query(
      `${madeOf} insert into outbox.delivered_at_once
        (endpoint_id, event_id, created_at, started_at, duration_ms, sender, response_status)
      select endpoint_id, id, occurred_at, occurred_at, id % 400, 'listener', 200 from made where fate >= 30`,
      of,
    )
    await client.query(
      `${madeOf} insert into outbox.delivery_rows
        (endpoint_id, event_id, state, attempt, due_at, reason, created_at, finished_at)
      select endpoint_id, id, case when fate < 5 then 'dead' when fate < 10 then 'pending' else 'delivered' end::outbox.delivery_state,
             2, occurred_at, case when fate < 10 then outcome end, occurred_at,
             case when fate between 5 and 9 then null else occurred_at + interval '1 minute' end
      from made where fate < 30`,
      of,
    )
    await client.query(
      `${madeOf} insert into outbox.attempt_rows
        (endpoint_id, event_id, number, sender, started_at, duration_ms, response_status, error, response_body)
      select endpoint_id, id, number, 'listener', occurred_at + make_interval(secs => 60 * (number - 1)), id % 400,
             case when fate >= 10 and number = 2 then 200 when outcome = 'bad_status' then 500 + id % 4 end,
             case when fate < 10 or number = 1 then outcome end, 'answer'
      from made cross join generate_series(1, 2) number where fate < 30`,
      of,
    )
  }
  await client.query(`select outbox.open_next_partition('0 seconds')`)
  await client.query('select outbox.add_partitions()')
}

const addEvents = `
  with made as (
    insert into outbox.events (type, data, key, tenant, occurred_at)
    select 'order.t' || n % 20, json_build_object('order_id', n, 'status', 'shipped', 'rare', n % 100000),
           'orders/' || n % 50000, 't' || n % $3,
           clock_timestamp() - make_interval(days => $2) + make_interval(secs => n * 86400.0 / $1)
    from generate_series(0, $1::int - 1) n
    returning id
  )
  select min(id) as first, max(id) as last from made`

/** The deliveries of a range of events to one endpoint each, of the event's tenant; `fate` is from 0 to 999. */
const madeOf = `
  with made as (
    select e.id, e.occurred_at, 1 + (substr(e.tenant, 2)::int + ${tenants - 1}) % ${tenants} + ${tenants} * ((e.id * 7 + $3::int) % ($4::int / ${tenants})) as endpoint_id,
           (e.id * 613 + $3::int) % 1000 as fate,
           (array['bad_status', 'bad_status', 'timeout', 'connection'])[1 + e.id % 4] as outcome
    from outbox.events e where e.id between $1 and $2
  )`

/** A week of it by the minute for all, and for each tenant and endpoint by the hour, as the fold leaves it. */
const history = `
  with scope as (
    select 0 as endpoint_id, '' as tenant, 1 as minutes, interval '1 minute' as step
    union all select 0, '', 60, '1 hour'
    union all select 0, 't' || n, 60, '1 hour' from generate_series(0, ${tenants - 1}) n
    union all select 0, 't' || n, 1, '1 minute' from generate_series(0, 9) n
    union all select n, '', 60, '1 hour' from generate_series(1, ${endpoints}) n
    union all select n, '', 1, '1 minute' from generate_series(1, 100) n
  )
  insert into outbox.attempt_minutes
    (endpoint_id, tenant, minutes, begins_at, sender, outcome, attempts, durations, duration_ms, delays, delay_ms)
  select s.endpoint_id, s.tenant, s.minutes, at, 'listener', outcome, 400, array[3,9,20,80,120,40,10,3,1,0,0,0,0], 12000,
         array[9,20,80,120,40,10,3,1,0,0,0,0,0,0], 9000
  from scope s
  cross join lateral generate_series(date_bin(s.step, now() - interval '${days} days', 'epoch'), now(), s.step) at
  cross join unnest(array['delivered', 'bad_status', 'timeout']) outcome`
