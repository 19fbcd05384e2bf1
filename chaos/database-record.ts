// The database's account, read after the end; and whether the end has come: nothing waits, nothing is on its way.
import type pg from 'pg'
import type { Books } from './records.ts'

export interface Pulse {
  pending: number
  sending: number
  waiting: number
  oldestSeconds: number
}

export async function readPulse(pool: pg.Pool): Promise<Pulse> {
  const { rows } = await pool.query(`
    select (select count(*)::int from outbox.deliveries where state = 'pending') as pending,
           (select count(*)::int from outbox.deliveries where state = 'sending') as sending,
           (select count(*)::int from outbox.fanout)
           + (select count(*)::int from outbox.replays where state = 'running') as waiting,
           coalesce(extract(epoch from clock_timestamp() - (
             select min(e.occurred_at) from outbox.events e
             where e.id = (select min(event_id) from outbox.deliveries where state in ('pending', 'sending'))
                or e.id = (select min(event_id) from outbox.fanout))), 0)::float8 as "oldestSeconds"`)
  return rows[0]
}

const nameOf = `substring(p.url from '[^/]+$') as endpoint, outbox.event_id(e.id, e.nonce) as "webhookId"`
const joined = 'join outbox.endpoints p on p.id = t.endpoint_id join outbox.events e on e.id = t.event_id'

export async function readBooks(pool: pg.Pool): Promise<Books> {
  const [facts, events, deliveries, attempts, waiting] = await Promise.all(
    [
      `select token from chaos.facts union all select 'orders/' || id from orders where status = 'shipped'`,
      `select outbox.event_id(id, nonce) as "webhookId", type,
              coalesce(data->>'token', 'orders/' || (data->>'order_id')) as token
       from outbox.events where type !~ '^outbox[.]'`,
      `select ${nameOf}, t.state from outbox.deliveries t ${joined}`,
      `select ${nameOf}, t.number, t.sender, t.error, t.response_status as status from outbox.attempts t ${joined}`,
      'select event_id from outbox.fanout',
    ].map(text => pool.query(text).then(result => result.rows)),
  )
  return {
    facts: facts!.map(row => row.token),
    events: events as Books['events'],
    deliveries: deliveries as Books['deliveries'],
    attempts: attempts as Books['attempts'],
    waiting: waiting!.length,
  }
}
