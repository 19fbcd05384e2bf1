// The console as a browser meets it: over HTTP, on a database of its own, with something of everything in it.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import type pg from 'pg'
import { createOutbox } from '../../functions/app.ts'
import { leadToConsole } from '../../functions/console/lead.ts'
import { readAsset } from '../../server/console-assets.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { testSettings } from '../support/settings.ts'

export const keys = 'dev:admin:dev,viewer:read:look,seven:admin:k7:7,reader7:read:r7:7,eight:admin:k8:8'

export interface Console {
  readonly url: string
  readonly db: pg.Client
  /** With the database that the API of the outbox uses too. */
  api(method: string, path: string, body?: unknown, key?: string): Promise<{ status: number; body: Answered }>
  /** Statements that were sent since the last call. */
  signIn(key?: string): Promise<Visitor>
}

// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect by looking
export type Answered = any

/** Somebody with a cookie. */
export interface Visitor {
  readonly cookie: string
  get(path: string, headers?: Record<string, string>): Promise<Page>
  /** As a browser sends a form of one of our pages. */
  post(path: string, fields?: Record<string, string>, headers?: Record<string, string>): Promise<Page>
  /** The token that the forms of its pages carry. */
  token(): Promise<string>
}

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export async function startConsole(env: Record<string, string> = {}): Promise<Console> {
  const database = await freshDatabase()
  const db = await database.connect()
  const settings = {
    ...testSettings,
    ...database.env,
    OUTBOX_API_KEYS: keys,
    OUTBOX_ENVIRONMENT: 'staging',
    ...env,
  }
  const outbox = createOutbox({ readAsset })
  const app = new Hono().get('/', leadToConsole).all('*', c => outbox.fetch(c.req.raw, settings))
  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(async () => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function api(method: string, path: string, body?: unknown, key = 'dev') {
    const headers = {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const answer = await fetch(url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text && JSON.parse(text) }
  }

  async function signIn(key = 'dev'): Promise<Visitor> {
    const answer = await send(url, '/console/sign-in', {
      method: 'POST',
      body: new URLSearchParams({ key }),
      headers: { origin: url },
    })
    return visitor(url, answer.headers.get('set-cookie')?.split(';')[0] ?? '')
  }
  return { url, db, api, signIn }
}

export async function send(url: string, path: string, init: RequestInit = {}): Promise<Page> {
  const answer = await fetch(url + path, { redirect: 'manual', ...init })
  return { status: answer.status, headers: answer.headers, text: await answer.text() }
}

export function visitor(url: string, cookie: string): Visitor {
  const get: Visitor['get'] = (path, headers = {}) => send(url, path, { headers: { cookie, ...headers } })
  const token = async () => /name="_token" value="([0-9a-f]+)"/.exec((await get('/console')).text)?.[1] ?? ''
  return {
    cookie,
    get,
    token,
    async post(path, fields = {}, headers = {}) {
      const body = new URLSearchParams({ _token: await token(), ...fields })
      return send(url, path, { method: 'POST', body, headers: { cookie, origin: url, ...headers } })
    },
  }
}

export interface Scene {
  /** Active and well. */
  readonly well: string
  /** Its circuit breaker is open. */
  readonly failing: string
  readonly paused: string
  /** Of tenant 7. */
  readonly theirs: string
  readonly event: string
  /** Of `failing`: three attempts failed. */
  readonly retried: string
  /** Of `failing`. */
  readonly dead: string
  /** Of `well`. */
  readonly delivered: string
  /** Of tenant 7. */
  readonly theirDelivery: string
  readonly theirEvent: string
  readonly replay: string
  readonly key: string
  /** Of a preview of tenant 7. */
  readonly token: string
  /** What tells its database from others, as JSON. */
  readonly facts: string
}

/** What nobody should be able to do with a text: run, turn its direction, hide a part of it. */
export const hostile = `<script>document.title='owned'</script><img src=x onerror="document.title='owned'">"'>\u202Egpj.exe\u0007\u061C\u00AD\u{E0041}\u3164`

/** Something of everything, and in every text that others write something hostile. */
export async function fill({ api, db }: Console): Promise<Scene> {
  const endpoint = async (path: string, more: object = {}, key = 'dev') =>
    (await api('POST', '/v1/endpoints', { url: `https://example.com/${path}`, ...more }, key)).body
      .id as string
  const well = await endpoint('well?token=canary', { description: hostile })
  const failing = await endpoint('failing')
  const paused = await endpoint('paused')
  const theirs = await endpoint('theirs', {}, 'k7')
  await api('POST', `/v1/endpoints/${paused}/pause`)
  const emit = async (type: string, more: object, key = 'dev') =>
    (
      await api(
        'POST',
        '/v1/events',
        { type, data: { html: hostile, n: 12345678901234567890n.toString() }, ...more },
        key,
      )
    ).body.id as string
  const event = await emit('order.shipped', { key: hostile })
  const second = await emit('order.created', { key: 'orders/8' })
  const theirEvent = await emit('order.created', {}, 'k7')
  const row = (id: string) => BigInt(`0x${id.split('_')[1]!.slice(0, 16)}`)
  const of = (e: string, p: string) => `dlv_${e.slice(4, 20)}${p.slice(3, 19)}`
  await db.query(`delete from outbox.fanout`)
  const delivery = (e: string, p: string, state: string, attempt: number, reason: string | null) =>
    db.query(
      `insert into outbox.delivery_rows (event_id, endpoint_id, state, attempt, reason, due_at, finished_at)
       values ($1, $2, $3::text::outbox.delivery_state, $4, $5, clock_timestamp() + interval '5 minutes', case when $3::text in ('dead', 'delivered') then clock_timestamp() end)`,
      [row(e), row(p), state, attempt, reason],
    )
  const attempt = (
    e: string,
    p: string,
    number: number,
    status: number | null,
    error: string | null,
    body: string | null,
  ) =>
    db.query(
      `insert into outbox.attempt_rows (event_id, endpoint_id, number, sender, started_at, duration_ms, response_status, error, response_body)
       values ($1, $2, $3::int, 'listener', clock_timestamp() - make_interval(secs => 300 - $3::int * 60), 88, $4, $5, $6)`,
      [row(e), row(p), number, status, error, body],
    )
  await delivery(event, failing, 'pending', 3, 'bad_status')
  for (const n of [1, 2, 3])
    await attempt(event, failing, n, 503, 'bad_status', `${hostile}${'x'.repeat(800)}`)
  await delivery(second, failing, 'dead', 1, 'timeout')
  await attempt(second, failing, 1, null, 'timeout', null)
  await delivery(event, paused, 'pending', 0, null)
  await delivery(theirEvent, theirs, 'dead', 1, 'connection')
  await attempt(theirEvent, theirs, 1, null, 'connection', null)
  await db.query(
    `insert into outbox.delivered_at_once (event_id, endpoint_id, created_at, started_at, duration_ms, sender, response_status, response_body)
     values ($1, $2, clock_timestamp(), clock_timestamp(), 4, 'listener', 200, 'ok')`,
    [row(event), row(well)],
  )
  await db.query(
    `update outbox.endpoint_health set failures = 12, failing_since = clock_timestamp() - interval '5 minutes',
            probe_at = clock_timestamp() + interval '1 minute', probes = 1 where endpoint_id = $1`,
    [row(failing)],
  )
  await db.query(
    `insert into outbox.listeners (name, version, since, seen_at, awake, in_flight) values ('listener-a', '0', now(), now(), true, 3)`,
  )
  const since = '2026-01-01T00:00:00Z'
  const replay = (await api('POST', `/v1/endpoints/${well}/replay`, { since, only: 'all' })).body.id
  const key = (await api('POST', '/v1/keys', { name: 'ci' })).body.id
  const preview = { filter: { state: 'dead' }, dry_run: true }
  const { token } = (await api('POST', '/v1/deliveries/redeliver', preview, 'k7')).body
  const facts = JSON.stringify((await api('GET', '/v1/system')).body.facts)
  return {
    facts,
    well,
    failing,
    paused,
    theirs,
    event,
    theirEvent,
    replay,
    key,
    token,
    retried: of(event, failing),
    dead: of(second, failing),
    delivered: of(event, well),
    theirDelivery: of(theirEvent, theirs),
  }
}

/** As a database that may be a copy: known at one address, and asked for from another. */
export const hold = (db: Console['db']) =>
  db.query(
    `insert into outbox.identity (facts, addresses, bound_by, bound_at) values ('{"system": "1", "database": "2"}', '{here:5432}', 'cron', now());
     insert into outbox.held_senders (address, sender, since, seen_at) values ('there:5432', 'cron', now(), now())`,
  )
