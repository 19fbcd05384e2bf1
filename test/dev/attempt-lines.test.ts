// What `npm run dev` prints of each attempt.
import { beforeAll, expect, test } from 'vitest'
import {
  AttemptLines,
  attemptLine,
  committedLine,
  endpointName,
  type LoggedAttempt,
  readAttempt,
} from '../../dev/services/attempt-lines.ts'
import { type Api, startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'

const attempt: LoggedAttempt = {
  time: '2026-11-24T03:12:04.124Z',
  event: 'evt_00000000000009f2a1b2c3d4',
  endpoint: 'ep_0000000000000001a1b2c3d4',
  delivery: 'dlv_00000000000009f20000000000000001',
  type: 'order.shipped',
  attempt: 1,
  outcome: 'success',
  status: 200,
  duration_ms: 4,
  decision: 'delivered',
  retry_in_seconds: null,
}
const event = { key: 'orders/7', committedAt: new Date('2026-11-24T03:12:04.118Z') }

test('an event is a line with its key, its type and the time of its commit', () => {
  expect(committedLine(attempt.event, attempt.type, event)).toBe(
    '03:12:04.118  orders/7 → order.shipped            evt_…9f2           committed',
  )
})

test.each<[more: Partial<LoggedAttempt>, end: string]>([
  [{}, '200 in 4 ms        attempt 1   delivered, 6 ms after the commit'],
  [
    { outcome: 'bad_status', status: 503, decision: 'retry', retry_in_seconds: 5 },
    '503 in 4 ms        attempt 1   retry in 5 s',
  ],
  [
    { outcome: 'timeout', status: null, duration_ms: 15_000, attempt: 12, decision: 'dead' },
    'timeout in 15 s    attempt 12  dead',
  ],
])('an attempt is a line with whom, what came back and what happens next: %j', (more, end) => {
  expect(attemptLine({ ...attempt, ...more }, 'notifications', event)).toBe(
    `03:12:04.124  dlv_…9f2…1 → notifications          ${end}`,
  )
})

test('a key cannot break the line', () => {
  const line = committedLine(attempt.event, 'a', { ...event, key: 'a\nb\u001b[31m' })
  expect(line).toMatch(/^[\w .:…→⟨+⟩[-]+$/)
})

test('other lines of a listener stay as they are', () => {
  expect(readAttempt('ready')).toBeNull()
  expect(readAttempt('{"msg":"ready"}')).toBeNull()
  expect(readAttempt(JSON.stringify({ msg: 'attempt', ...attempt }))).toMatchObject({
    delivery: attempt.delivery,
  })
})

test('an endpoint has its name, or the last part of its path, or its host', () => {
  expect(endpointName('erp', 'https://a.example/b')).toBe('erp')
  expect(endpointName(null, 'http://127.0.0.1:8787/receivers/flaky?times=2')).toBe('flaky')
  expect(endpointName(null, 'https://a.example/')).toBe('a.example')
})

let api: Api
beforeAll(async () => {
  api = await startApi()
})

test('names and keys are looked up, and the event is said once', async () => {
  const endpoint = (await api.post('/v1/endpoints', { url: 'https://a.example/hooks' })).body.id
  const { id } = (await api.post('/v1/events', { type: 'order.new', key: 'orders/9', data: 1 })).body
  const printed: string[] = []
  const lines = new AttemptLines(api.database.url, line => printed.push(line))
  lines.add({ ...attempt, event: id, endpoint, type: 'order.new' })
  lines.add({ ...attempt, event: id, endpoint, type: 'order.new' })
  await eventually(() => printed.length === 3)
  await lines.stop()
  expect(printed.map(line => line.slice(14).replaceAll(/ {2,}/g, '  '))).toEqual([
    expect.stringMatching(/^orders\/9 → order\.new {2}evt_…\w+ +committed$/),
    expect.stringContaining('→ hooks  200 in 4 ms'),
    expect.stringContaining('→ hooks  200 in 4 ms'),
  ])
})
