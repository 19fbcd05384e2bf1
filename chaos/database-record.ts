// The database's account of a run, and how much work is still open while it goes on.
import type pg from 'pg'
import type { DatabaseRecord } from './records.ts'

export interface OpenWork {
  pending: number
  sending: number
  /** Events without a fan-out, and replays that are running. */
  waiting: number
  oldestSeconds: number
}

export async function readOpenWork(pool: pg.Pool): Promise<OpenWork> {
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

const names = `substring(p.url from '[^/]+$') as endpoint, outbox.event_id(e.id, e.nonce) as "webhookId"`
const joined = 'join outbox.endpoints p on p.id = t.endpoint_id join outbox.events e on e.id = t.event_id'

export async function readDatabaseRecord(pool: pg.Pool): Promise<DatabaseRecord> {
  const [facts, events, deliveries, attempts, waiting] = await Promise.all(
    [
      `select token from chaos.facts union all select 'orders/' || id from orders where status = 'shipped'`,
      `select outbox.event_id(id, nonce) as "webhookId", type,
              coalesce(data->>'token', 'orders/' || (data->>'order_id')) as token
       from outbox.events where type !~ '^outbox[.]'`,
      `select ${names}, t.state from outbox.deliveries t ${joined}`,
      `select ${names}, t.number, t.sender, t.error, t.response_status as status from outbox.attempts t ${joined}`,
      'select event_id from outbox.fanout',
    ].map(text => pool.query(text).then(result => result.rows)),
  )
  return {
    facts: facts!.map(row => row.token),
    events: events as DatabaseRecord['events'],
    deliveries: deliveries as DatabaseRecord['deliveries'],
    attempts: attempts as DatabaseRecord['attempts'],
    waiting: waiting!.length,
  }
}
