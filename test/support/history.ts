// The history of the attempts, and what a scan of the attempts says: both must be the same.
import type pg from 'pg'
import { delayBoundsMs, durationBoundsMs } from '../../drizzle/history.ts'

export async function fold(client: pg.Client): Promise<void> {
  while ((await client.query(`select outbox.fold_attempts('31 days', 1000) as n`)).rows[0].n === 1000);
}

/** By the minute or by the hour: a line for each endpoint, tenant and all together. */
export async function historyOf(client: pg.Client, minutes: 1 | 60): Promise<unknown[]> {
  const { rows } = await client.query(
    `select endpoint_id, tenant, begins_at, sender, outcome, attempts, durations, duration_ms, delays, delay_ms
     from outbox.attempt_minutes where minutes = $1 and attempts <> 0
     order by endpoint_id, tenant, begins_at, sender, outcome`,
    [minutes],
  )
  return rows
}

export async function scanOf(client: pg.Client, minutes: 1 | 60): Promise<unknown[]> {
  const counts = (value: string, bounds: readonly number[]) => {
    const edges = [-1, ...bounds, 2_147_483_647]
    const each = bounds.map(
      (bound, i) => `count(*) filter (where ${value} > ${edges[i]} and ${value} <= ${bound})`,
    )
    const above = `count(*) filter (where ${value} > ${bounds.at(-1)})`
    return `case when count(${value}) > 0 then array[${[...each, above].join()}]::int[] end`
  }
  const { rows } = await client.query(
    `with attempt as (
       select a.endpoint_id, p.tenant, date_bin($1 * interval '1 minute', a.started_at, 'epoch') as begins_at, a.sender,
              coalesce(a.error, 'delivered') as outcome,
              case when a.response_status is not null then a.duration_ms end as duration,
              case when a.number = 1 and a.error is distinct from 'interrupted'
                   then outbox.delay_ms(a.started_at, round(date_part('epoch', e.occurred_at) * 1000000)) end as delay
       from outbox.attempts a
       join outbox.endpoints p on p.id = a.endpoint_id
       join outbox.events e on e.id = a.event_id
     )
     select scope.endpoint_id, scope.tenant, begins_at, sender, outcome, count(*) as attempts,
            ${counts('duration', durationBoundsMs)} as durations, coalesce(sum(duration), 0)::bigint as duration_ms,
            ${counts('delay', delayBoundsMs)} as delays, coalesce(sum(delay), 0)::bigint as delay_ms
     from attempt a
     cross join lateral (
       select a.endpoint_id, '' as tenant union all select 0, '' union all select 0, a.tenant where a.tenant is not null
     ) scope
     group by 1, 2, 3, 4, 5
     order by 1, 2, 3, 4, 5`,
    [minutes],
  )
  return rows
}
