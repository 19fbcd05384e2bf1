// Secrets are planted wherever one can be, failures of every known kind are provoked, and then everything is searched for the secrets.
import { beforeAll, describe, expect, test } from 'vitest'
import { parseMasterKeys } from '../../delivery/secrets.ts'
import { freePort } from '../../dev/ports.ts'
import { type Api, startApi, withoutWaiting } from '../functions/api.ts'
import { fillShop } from '../functions/shop/shop.ts'
import { Canary, sightings } from '../support/canary.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { hostile } from '../support/hostile.ts'
import { type ListenerProcess, startListenerProcess } from '../support/listener-process.ts'
import { deliveryStates } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { routesOf } from './routes.ts'

const signingSecret = new Canary('signing secret')
const header = new Canary('custom header')
const apiKey = new Canary('API key')
const wrongKey = new Canary('wrong API key')
const masterKey = new Canary('master key')
const password = new Canary('database password')
const payload = new Canary('payload')
const secrets = [signingSecret, header, apiKey, wrongKey, masterKey, password]

/** Not a secret: it shows that the search covers what it should. */
const eventType = 'planted.canary_of_types'

let api: Api
let listener: ListenerProcess
let receiver: Receiver
let created: { secret: string }
const places: Record<string, string> = {}

beforeAll(async () => {
  const database = await freshDatabase()
  const url = new URL(database.url)
  url.password = encodeURIComponent(password.text)
  const settings = {
    OUTBOX_MASTER_KEYS: `m:${Buffer.from(masterKey.text.slice(0, 32)).toString('base64')}`,
    OUTBOX_REQUEST_TIMEOUT_SECONDS: '0.5',
    OUTBOX_RETRY_SCHEDULE: '0.05,0.05',
  }
  expect(parseMasterKeys(settings.OUTBOX_MASTER_KEYS)).not.toBeNull()
  const own = await startApi({
    ...settings,
    DATABASE_URL: url.href,
    OUTBOX_API_KEYS: `dev:admin:${apiKey.text},viewer:read:look`,
  })
  const db = await database.connect()
  const call: Api['call'] = (method, path, options) =>
    own.call(method, path, { key: apiKey.text, ...options })
  api = { ...own, database, db, call, get: (path, options) => call('GET', path, options) }
  await fillShop(db)
  created = await plantEndpoints()
  await plantKey()
  const healthPort = String(await freePort())
  listener = await startListenerProcess(url.href, {
    ...settings,
    OUTBOX_HEALTH_PORT: healthPort,
    OUTBOX_LOG_LEVEL: 'debug',
  })
  await provokeFailures()
  await collect(`http://127.0.0.1:${healthPort}`)
})

/** Good and bad endpoints, and one whose secret can no longer be opened. */
async function plantEndpoints() {
  receiver = await startReceiver(hostile)
  const paths = ['status/200', 'status/500', 'hang', 'redirect/302', 'markup', 'drip-body', 'retry-after/1']
  const urls = [
    ...paths.map(path => `${receiver.url}/${path}`),
    `http://127.0.0.1:${await freePort()}/closed`,
  ]
  const answers = []
  for (const [i, url] of urls.entries()) {
    const body = {
      url,
      headers: { 'x-token': header.text },
      ...(i === 0 ? { secret: `whsec_${signingSecret.base64}` } : {}),
    }
    answers.push(
      await api.call('POST', '/v1/endpoints', { body, headers: { 'idempotency-key': `plant-${i}` } }),
    )
  }
  expect(answers.map(({ status }) => status)).toEqual(urls.map(() => 201))
  await api.db.query(
    `update outbox.endpoint_secrets set sealed = set_byte(sealed, 20, 1) where endpoint_id = 2`,
  )
  return answers[0]!.body
}

/** A key that was given out, used, and for a while looked up in vain. */
async function plantKey() {
  const { key } = (await api.call('POST', '/v1/keys', { body: { name: 'given', scope: 'admin' } })).body
  secrets.push(new Canary('API key that was given out', key))
  expect((await api.get('/v1/stats', { key })).status).toBe(200)
  await api.db.query('alter table outbox.api_keys rename to api_keys_away')
  expect((await api.get('/v1/stats', { key })).status).toBe(503)
  await api.db.query('alter table outbox.api_keys_away rename to api_keys')
}

async function provokeFailures() {
  const emit = () =>
    api.db.query(`select outbox.emit($1, jsonb_build_object('note', $2::text), $3)`, [
      eventType,
      payload.text,
      'k',
    ])
  for (let n = 0; n < 5; n++) await emit()
  await eventually(async () => ((await deliveryStates(api.db)).dead ?? 0) > 5)
  // The database refuses the listener's statements, cuts its connections, and recovers.
  await api.db.query('alter table outbox.attempt_rows rename to attempts_away')
  await emit()
  await eventually(() => listener.said().includes('42P01'))
  await api.db.query('alter table outbox.attempts_away rename to attempt_rows')
  await api.db.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'listener-%'`,
  )
  // The same for the cron function and the API.
  await emit()
  await api.worker.scheduled()
  await api.db.query('alter table clients rename to clients_away')
  expect((await api.get('/clients')).status).toBe(500)
  await api.db.query('alter table clients_away rename to clients')
  expect((await api.get('/v1/events', { key: wrongKey.text })).status).toBe(401)
  for (const body of [`{"url":"${header.text}"`, { url: 'x', headers: { [header.text]: header.text } }]) {
    const answer = await api.call('POST', '/v1/endpoints', { body })
    expect(answer.status).toBe(400)
  }
}

async function collect(health: string) {
  for (const path of ['/metrics', '/readyz', '/livez'])
    places[`listener ${path}`] = await (await fetch(health + path)).text()
  for (const { method, path } of await routesOf(api)) {
    if (method !== 'GET') continue
    for (const id of path.includes('{') ? await idsFor(path) : ['']) {
      const asked = path.replace(/\{.*?\}/, id)
      places[`GET ${asked}`] = (await api.get(withoutWaiting(asked))).text
    }
  }
  places['GET /docs'] = await (await api.worker.fetch('/docs')).text()
  places['log of the functions'] = api.worker.logs().join('\n')
  places['log of the listener'] = listener.said()
  const { rows } = await api.db.query(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('outbox', 'public', 'drizzle')`,
  )
  for (const { name } of rows) {
    const dump = await api.db.query(`select t::text as row from ${name} t`)
    places[`dump of ${name}`] = dump.rows.map(({ row }) => row).join('\n')
  }
}

async function idsFor(path: string): Promise<string[]> {
  const list = path.split('/{')[0]!
  const { data } = (await api.get(list)).body as { data: { id: string }[] }
  return data.map(({ id }) => String(id))
}

test('the search covers logs, answers and dump: the event type is found in each', () => {
  for (const place of ['log of the listener', 'GET /v1/events', 'dump of outbox.events']) {
    expect(places[place], place).toContain(eventType)
  }
  expect(places['log of the functions']).toContain('"statement":"list_clients"')
  expect(places['listener /metrics']).toContain('outbox_attempts_total')
  expect(Object.keys(places).filter(place => place.startsWith('GET /v1/deliveries/')).length).toBeGreaterThan(
    20,
  )
  const outcomes = ['timeout', 'connection', 'redirect', 'bad_status', 'throttled', 'secret_unavailable']
  for (const outcome of outcomes) expect(places['dump of outbox.attempt_rows'], outcome).toContain(outcome)
})

test('the signing secret is in the answer that created it', () => {
  expect(signingSecret.formsIn(JSON.stringify(created))).not.toEqual([])
})

test('no secret is in a log, a metric, another answer, a page or a dump of the whole database', () => {
  expect(sightings(secrets, places)).toEqual([])
})

test('no sent signature can be read anywhere, so it cannot be reused', () => {
  const signatures = receiver.requests.map(({ headers }) => String(headers['webhook-signature']).slice(3))
  expect(signatures.length).toBeGreaterThan(5)
  for (const signature of signatures) {
    expect(signature).toMatch(/^[A-Za-z0-9+/]{43}=$/)
    for (const [place, text] of Object.entries(places)) expect(text.includes(signature), place).toBe(false)
  }
})

test('payloads are in events only, not in logs, metrics, attempts or pages', () => {
  const allowed = /^(dump of outbox\.events|GET \/v1\/events)/
  const elsewhere = Object.entries(places).filter(([place]) => !allowed.test(place))
  expect(sightings([payload], Object.fromEntries(elsewhere))).toEqual([])
  expect(payload.formsIn(places['dump of outbox.events']!)).toContain('plain')
})

describe('the search for secrets', () => {
  const canary = new Canary('planted')
  const bytes = Buffer.from(canary.text)
  test.each([
    ['plain', canary.text],
    ['in hex, large or small', bytes.toString('hex').toUpperCase()],
    ['in a URL', `https://x/?q=${encodeURIComponent(canary.text)}`],
    ['in base64', bytes.toString('base64')],
    ['in the base64 of something longer', Buffer.from(`{"a":"${canary.text}"}`).toString('base64')],
    ['in the base64 of something longer by one', Buffer.from(`{"ab":"${canary.text}"}`).toString('base64')],
    ['in JSON that escapes it', JSON.stringify({ a: JSON.stringify(canary.text) })],
    ['as a bytea', `(1,"\\\\x00${bytes.toString('hex')}")`],
  ])('the search finds a secret %s', (_, text) => {
    expect(sightings([canary], { here: `before ${text} after` })).not.toEqual([])
    expect(sightings([new Canary('other')], { here: text })).toEqual([])
  })

  test('the search finds a secret that was logged on purpose', async () => {
    const loud = new Canary('loud')
    const type = `canary.${loud.text.slice(7, 31)}`
    await api.db.query('select outbox.emit($1, $2)', [type, '{}'])
    await eventually(() => listener.said().includes(type))
    expect(sightings([loud], { log: listener.said() })).toEqual(['loud in log as core'])
  })
})
