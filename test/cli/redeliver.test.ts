// `outbox redeliver` by filter: it shows what it would send, asks, and sends exactly that.
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { deliveryStates, emit, startTestListener } from '../support/outbox.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outboxWhileWeServe } from './command.ts'

let api: Api
let receiver: Receiver
let isUp = false
beforeAll(async () => {
  api = await startApi()
  await startTestListener(api.database.url)
  receiver = await startReceiver(() => (isUp ? 200 : 500))
  // Too few for each to open its breaker.
  for (let n = 0; n < 5; n++) await api.post('/v1/endpoints', { url: receiver.url, retry_schedule: [] })
  await emit(api.db, 6, { type: 'lost.a' })
  await emit(api.db, 2, { type: 'lost.b' })
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ dead: 40 }))
  isUp = true
})

const run = (...args: string[]) =>
  outboxWhileWeServe(['redeliver', ...args], {
    env: { OUTBOX_URL: api.worker.url, OUTBOX_API_KEY: 'dev' },
    cwd: temporaryDirectory(),
  })

test('--dry-run shows how many, where to and of which types, and sends nothing', async () => {
  const filter = ['--state', 'dead', '--status', '5xx', '--since', '1h']
  const [said, json] = await Promise.all([run(...filter, '--dry-run'), run(...filter, '--dry-run', '--json')])
  expect(said.exitCode, said.stderr).toBe(0)
  expect(said.stdout).toMatch(
    /^40 deliveries, of events from .* to .*\n( {2}8\tep_.*\n){5} {2}30\tlost\.a\n {2}10\tlost\.b\n/,
  )
  expect(JSON.parse(json.stdout)).toMatchObject({ count: 40, types: [{ count: 30 }, { count: 10 }] })
  expect(await deliveryStates(api.db)).toEqual({ dead: 40 })
})

test('without a terminal it needs --yes, and then sends those that match and no others', async () => {
  const unconfirmed = await run('--type', 'lost.b')
  expect([unconfirmed.exitCode, unconfirmed.stdout]).toEqual([5, ''])
  expect(unconfirmed.stderr).toContain('10 deliveries')
  expect(unconfirmed.stderr).toContain('use --yes')
  const before = receiver.requests.length
  const { exitCode, stdout, stderr } = await run('--type', 'lost.b', '--yes', '--wait', '--json')
  expect(exitCode, stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ state: 'done', replayed: 10, count: 10 })
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ dead: 30, delivered: 10 }))
  expect(receiver.requests.length - before).toBe(10)
})

test('what is delivered already is left out, and said so', async () => {
  const { exitCode, stdout, stderr } = await run('--type', 'lost.b', '--yes')
  expect([exitCode, stdout]).toEqual([0, '0\n'])
  expect(stderr).toContain('10 are delivered (--include-delivered)')
})

test.each([
  ['nothing named', [], 'Name deliveries, or a filter'],
  ['both', ['dlv_00000000000004d20000000000000001', '--state', 'dead'], 'not both'],
  ['a status that is none', ['--status', '7xx'], 'must be a status such as 503'],
])('%s is a mistake of usage', async (_, args, sentence) => {
  const { exitCode, stdout, stderr } = await run(...args)
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain(sentence)
})
