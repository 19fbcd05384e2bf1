// A page as a stream: what is sent when, to whom, and at what price for the database.
import { afterEach, beforeAll, expect, test } from 'vitest'
import { endStreams } from '../../functions/console/live.ts'
import { closeSharedPools } from '../../functions/database/postgres.ts'
import { eventually } from '../support/eventually.ts'
import { type Console, fill, startConsole } from './console.ts'

let it: Console
let cookie: string
beforeAll(async () => {
  it = await startConsole()
  await fill(it)
  cookie = (await it.signIn()).cookie
})
afterEach(endStreams)

interface Followed {
  readonly status: number
  /** As they came; the last may be a part. */
  readonly messages: { readonly event: string; readonly id: string; readonly data: string }[]
  readonly ended: Promise<void>
  stop(): Promise<void>
}

async function follow(path: string, headers: Record<string, string> = {}, at = it.url): Promise<Followed> {
  const leaving = new AbortController()
  const answer = await fetch(at + path, {
    headers: { cookie, accept: 'text/event-stream', ...headers },
    redirect: 'manual',
    signal: leaving.signal,
  })
  const messages: Followed['messages'] = []
  const ended = (async () => {
    if (!answer.body) return
    let text = ''
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        messages.push(parsed(text.slice(0, end)))
        text = text.slice(end + 2)
      }
    }
  })().catch(() => {})
  return {
    status: answer.status,
    messages,
    ended,
    stop() {
      leaving.abort()
      return ended
    },
  }
}

function parsed(text: string) {
  const field = (name: string) =>
    text
      .split('\n')
      .filter(line => line.startsWith(`${name}: `))
      .map(line => line.slice(name.length + 2))
      .join('\n')
  return { event: field('event'), id: field('id'), data: field('data') }
}

const emit = (type: string) => it.api('POST', '/v1/events', { type, data: 1 })

test('the page comes at once, and again when something has changed', async () => {
  const { messages, stop } = await follow('/console/events')
  await eventually(() => messages.length === 1)
  expect(messages[0]).toMatchObject({ event: 'page', id: expect.stringMatching(/^[0-9a-f]{16}$/) })
  expect(messages[0]!.data).toMatch(/^<main id="main"/)
  expect(messages[0]!.data).not.toContain('order.followed')
  await emit('order.followed')
  await eventually(() => messages.length === 2)
  expect(messages[1]!.data).toContain('order.followed')
  await stop()
})

test('whoever has seen the page gets nothing until it changes, and that only times pass is no change', async () => {
  const first = await follow('/console/deliveries')
  await eventually(() => first.messages.length === 1)
  await first.stop()
  const { messages, stop } = await follow('/console/deliveries', { 'last-event-id': first.messages[0]!.id })
  const { rows } = await it.db.query(
    `select event_id, endpoint_id from outbox.delivery_rows where state = 'pending' limit 1`,
  )
  const again = await follow('/console/events')
  await eventually(() => again.messages.length === 1) // so that both were read
  expect(messages).toEqual([])
  await it.db.query(
    `update outbox.delivery_rows set attempt = attempt + 1 where event_id = $1 and endpoint_id = $2`,
    [rows[0].event_id, rows[0].endpoint_id],
  )
  await eventually(() => messages.length === 1)
  await Promise.all([stop(), again.stop()])
})

test('it ends with the key, and whoever asks again is sent to the sign-in', async () => {
  const { id, key } = (await it.api('POST', '/v1/keys', { name: 'follower' })).body
  const theirs = (await it.signIn(key)).cookie
  const { messages, ended } = await follow('/console/events', { cookie: theirs })
  await eventually(() => messages.length === 1)
  await it.api('DELETE', `/v1/keys/${id}`)
  await ended
  expect((await follow('/console/events', { cookie: theirs })).status).toBe(303)
})

test('it ends by itself after a dozen readings', { timeout: 40_000 }, async () => {
  const { messages, ended } = await follow('/console/replays')
  await eventually(() => messages.length > 0)
  await ended
})

test('a page that cannot be read is said, and tried again', async () => {
  const { messages, stop } = await follow('/console/events')
  await eventually(() => messages.length === 1)
  await it.db.query('alter table outbox.events rename to hidden')
  try {
    await eventually(() => messages.at(-1)?.event === 'stopped')
  } finally {
    await it.db.query('alter table outbox.hidden rename to events')
    await stop()
  }
})

test('beyond 32 at a time nobody gets a stream, and once one has ended the next does', async () => {
  const all = await Promise.all(Array.from({ length: 32 }, () => follow('/console/events')))
  expect(all.map(({ status }) => status)).toEqual(all.map(() => 200))
  expect((await follow('/console/events')).status).toBe(204)
  await all[0]!.stop()
  await eventually(async () => (await follow('/console/events')).status === 200)
})

test('however many follow, they share the connections of the process', async () => {
  const own = await startConsole({ NEON_PROXY: '' })
  try {
    cookie = (await own.signIn()).cookie
    const all = await Promise.all(Array.from({ length: 30 }, () => follow('/console', {}, own.url)))
    await eventually(() => all.every(({ messages }) => messages.length > 0))
    const { rows } = await own.db.query(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'outbox-functions'`,
    )
    expect(rows[0].n).toBeGreaterThan(0)
    expect(rows[0].n).toBeLessThanOrEqual(10)
    endStreams()
    await Promise.all(all.map(({ ended }) => ended))
  } finally {
    cookie = (await it.signIn()).cookie
    await closeSharedPools()
  }
})
