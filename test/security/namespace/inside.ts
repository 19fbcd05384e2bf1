// Runs inside its own network namespace, where the forbidden addresses really answer. Prints the result as JSON.
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startGuard } from '../../../dev/guard.ts'
import { migrate } from '../../../dev/migrate.ts'
import { startNeonProxy } from '../../../dev/neon-proxy.ts'
import { startPostgres } from '../../../dev/postgres.ts'
import worker, { app } from '../../../functions/index.ts'
import { startListener } from '../../../worker/listener.ts'
import { readListenerSettings } from '../../../worker/settings.ts'
import { allowedAddress, forbiddenAddresses, forbiddenName, forbiddenUrls } from './addresses.ts'
import { startNameServer } from './name-server.ts'

const contacts: string[] = []
const allowed: { host: string; id: string }[] = []
for (const address of forbiddenAddresses) {
  createServer((_, response) => response.end('you should not be here'))
    .on('connection', () => contacts.push(address))
    .listen(80, address)
}
createServer((request, response) => {
  allowed.push({ host: request.headers.host!, id: String(request.headers['webhook-id']) })
  request.resume().on('end', () => response.end('ok'))
}).listen(80, allowedAddress)
await startNameServer(allowedAddress)

const postgres = await startPostgres({
  dir: mkdtempSync(join(tmpdir(), 'outbox-namespace-')),
  port: 5999,
  guard: startGuard(),
  settings: { fsync: 'off' },
  ephemeral: true,
})
await migrate(postgres.url, { example: true })
const client = new pg.Client({ connectionString: postgres.url })
await client.connect()
const proxy = await startNeonProxy({ port: 0, host: '127.0.0.1' })
const env = {
  OUTBOX_API_KEYS: 'ops:admin:k',
  OUTBOX_MASTER_KEYS: `m:${Buffer.alloc(32, 7).toString('base64')}`,
  OUTBOX_ALLOW_HTTP: 'true',
  OUTBOX_RETRY_SCHEDULE: Array(50).fill('0.01').join(),
  DATABASE_URL: postgres.url,
  DATABASE_URL_UNPOOLED: postgres.url,
  NEON_PROXY: proxy.url,
  OUTBOX_POLL_SECONDS: '0.1',
  OUTBOX_HEALTH_PORT: '0',
  OUTBOX_LOG_LEVEL: 'silent',
}
const api = (method: string, path: string, body?: unknown) =>
  app.request(
    path,
    {
      method,
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    },
    env,
  )

// Each spelling is refused at creation and at an update.
const accepted: string[] = []
const good = (await (
  await api('POST', '/v1/endpoints', { url: `http://${allowedAddress}/good` })
).json()) as { id: string }
for (const url of forbiddenUrls) {
  if ((await api('POST', '/v1/endpoints', { url })).status !== 400) accepted.push(`POST ${url}`)
  if ((await api('PATCH', `/v1/endpoints/${good.id}`, { url })).status !== 400) accepted.push(`PATCH ${url}`)
}

// Written into the table by hand, each is used by a test, a first attempt, retries, a replay and cron.
const endpoints: string[] = []
for (const [n] of forbiddenUrls.entries()) {
  const answer = await api('POST', '/v1/endpoints', {
    url: `http://${allowedAddress}/${n}`,
    retry_schedule: [0.01, 0.01],
  })
  endpoints.push(((await answer.json()) as { id: string }).id)
}
await client.query(
  `update outbox.endpoints p set url = u.url
   from unnest($1::text[], $2::text[]) as u (id, url) where outbox.endpoint_id(p.id, p.nonce) = u.id`,
  [endpoints, forbiddenUrls],
)
for (const id of endpoints) await api('POST', `/v1/endpoints/${id}/test`, {})
await client.query(`select outbox.emit('a.b', '{}')`)
await worker.scheduled({} as ScheduledController, { ...env, OUTBOX_CRON_SUBREQUESTS: '2000' })
const { id: named } = (await (
  await api('POST', '/v1/endpoints', { url: forbiddenName, retry_schedule: [0.01] })
).json()) as { id: string }
await api('POST', `/v1/endpoints/${named}/test`, {})
const listener = await startListener(readListenerSettings(env))
await until(async () => (await count(`state in ('pending', 'sending')`)) === 0)
const deadBeforeReplay = await count(`state = 'dead'`)
for (const id of endpoints) {
  await api('POST', `/v1/endpoints/${id}/replay`, {
    since: new Date(Date.now() - 3_600_000).toISOString(),
    only: 'all',
  })
}
await until(
  async () => (await client.query(`select from outbox.replays where state = 'running'`)).rowCount === 0,
)
await until(async () => (await count(`state in ('pending', 'sending')`)) === 0)
const errors = await client.query(
  'select distinct error from outbox.attempts where error is not null order by 1',
)
const senders = await client.query(`select distinct sender::text from outbox.attempts order by 1`)

// A name with the allowed and the forbidden address in turn: only the checked address is dialled.
await client.query(`update outbox.endpoints set state = 'disabled', disabled_reason = 'manual'`)
await api('POST', '/v1/endpoints', { url: 'http://rebind.test/', retry_schedule: Array(50).fill(0.01) })
await client.query(`update outbox.endpoint_health set failures = 0, failing_since = null`)
allowed.length = 0
const before = await count('finished_at is not null')
await client.query(`select count(outbox.emit('c.d', '{}')) from generate_series(1, 500)`)
await until(async () => {
  // This does not test the breaker.
  await client.query(
    'update outbox.endpoint_health set probe_at = clock_timestamp() where probe_at is not null and not probing',
  )
  return (await count('finished_at is not null')) === before + 500
})
const rebound = {
  delivered: new Set(allowed.map(r => r.id)).size,
  hosts: [...new Set(allowed.map(r => r.host))],
}

await listener.stop()
await client.end()
await proxy.stop()
await postgres.stop()
console.log(
  JSON.stringify({
    contacts,
    accepted,
    deadBeforeReplay,
    errors: errors.rows.map(row => row.error),
    senders: senders.rows.map(row => row.sender),
    rebound,
  }),
)
process.exit(0)

async function count(where: string): Promise<number> {
  return (await client.query(`select count(*)::int as n from outbox.deliveries where ${where}`)).rows[0].n
}

async function until(done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 40_000; Date.now() < end; ) {
    if (await done()) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('not done within 40 s')
}
