// What people write by hand in an hour: an outbox table, a trigger that notifies with the row, a listener that calls
// fetch. It has no retries, no leases and no order.
import { join } from 'node:path'
import pg from 'pg'
import { webhookBody } from '../../delivery/body.ts'
import { parseSecret } from '../../delivery/keys.ts'
import { signedHeaders } from '../../delivery/signature.ts'
import { eventType, inFlight, type Job, job, jobSql } from '../event.ts'
import { openPoolWriter, queueSubject, senderFrom } from './subject.ts'

const file = join(import.meta.dirname, 'plain-notify.ts')

const tables = `
  create table webhooks (id bigint primary key generated always as identity, job json not null, sent_at timestamptz);
  create index on webhooks (id) where sent_at is null;
  create function tell() returns trigger language plpgsql as $$
  begin
    perform pg_notify('webhooks', row_to_json(new)::text);
    return null;
  end $$;
  create trigger tell after insert on webhooks for each row execute function tell();`

export const plainNotify = queueSubject({
  name: 'trigger + NOTIFY + fetch',
  async createDatabase(environment) {
    const database = await environment.emptyDatabase()
    await database.client.query(tables)
    return database
  },
  startSender: senderFrom(file),
  async writeMany(client, from, count, { endpoints }) {
    await client.query(
      `insert into webhooks (job) select ${jobSql('n', 'n % $3')} from generate_series($1::bigint, $1 + $2::bigint - 1) n`,
      [from, count, endpoints],
    )
  },
  openWriter: async database =>
    openPoolWriter(database, {
      name: 'insert',
      text: 'insert into webhooks (job) values ($1)',
      values: (n, endpoint) => [job(n, endpoint)],
    }),
  isDone: 'select not exists (select from webhooks where sent_at is null)',
})

if (import.meta.main) {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL!, max: 10 })
  const listener = new pg.Client({ connectionString: process.env.DATABASE_URL! })
  const { bytes } = (await parseSecret(process.env.BENCH_SECRET!))!
  const { hmacSigner } = await import('../../worker/send/signers.ts')
  const signers = [hmacSigner(bytes)]
  const waiting: { id: number; job: Job }[] = []
  let requestsInFlight = 0

  const deliver = async ({ id, job: { endpoint, timestamp, data } }: { id: number; job: Job }) => {
    const body = webhookBody({ type: eventType(endpoint), timestamp, data: JSON.stringify(data) })
    const headers = {
      'content-type': 'application/json',
      ...(await signedHeaders(`evt_${id}`, Math.floor(Date.now() / 1000), body, signers)),
    }
    const answer = await fetch(`${process.env.RECEIVER_URL}/e/${endpoint}`, { method: 'POST', headers, body })
    await answer.arrayBuffer()
    if (answer.ok) await pool.query('update webhooks set sent_at = now() where id = $1', [id])
  }
  const next = () => {
    while (requestsInFlight < inFlight) {
      const webhook = waiting.shift()
      if (!webhook) return
      requestsInFlight++
      void deliver(webhook).finally(() => {
        requestsInFlight--
        next()
      })
    }
  }
  await listener.connect()
  listener.on('notification', ({ payload }) => {
    waiting.push(JSON.parse(payload!))
    next()
  })
  await listener.query('listen webhooks')
  console.log('ready')
}
