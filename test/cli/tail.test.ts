// `outbox events tail` and `outbox deliveries tail`: they go on, and go on again where they were left.
import { existsSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { temporaryDirectory } from '../support/server.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { outboxWhileWeServe } from './command.ts'
import { startCommand } from './running.ts'

let api: Api
let cwd: string
beforeAll(async () => {
  api = await startApi()
  cwd = temporaryDirectory()
})

const env = (url = api.worker.url) => ({ HOME: cwd, OUTBOX_URL: url, OUTBOX_API_KEY: 'dev' })
const tail = (...args: string[]) => startCommand(args, { env: env(), cwd })

async function emit(type: string, data: object = {}): Promise<string> {
  const { rows } = await api.db.query(`select outbox.emit($1, $2, 'orders/7') as id`, [type, data])
  return rows[0].id
}

const lines = (text: string) =>
  text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))

test('events come as they are committed, and with --limit it ends', async () => {
  const running = tail('events', 'tail', '--type', 'tailed.a', '--limit', '2', '--data', '--json')
  await running.said(/from now on/)
  const ids = [await emit('tailed.a', { n: 12345678901234567890n.toString() }), await emit('tailed.a')]
  await emit('tailed.b')
  expect(await running.exited).toBe(0)
  expect(lines(running.stdout)).toMatchObject([
    { id: ids[0], type: 'tailed.a', key: 'orders/7', data: { n: '12345678901234567890' } },
    { id: ids[1] },
  ])
})

test('with --resume it goes on where it was left, with what came meanwhile, and repeats nothing', async () => {
  const file = `${cwd}/position`
  const args = ['events', 'tail', '--type', 'resumed', '--resume', file]
  const first = tail(...args, '--limit', '1')
  await eventually(() => expect(existsSync(file)).toBe(true))
  const ids = [await emit('resumed')]
  expect(await first.exited).toBe(0)
  expect(first.stdout.split('\t')[1]).toBe(ids[0])
  ids.push(await emit('resumed'), await emit('resumed'))
  const { stdout, exitCode, stderr } = await outboxWhileWeServe([...args, '--limit', '2', '--json'], {
    cwd,
    env: env(),
  })
  expect(exitCode, stderr).toBe(0)
  expect(stderr).toBe('from where it was left, until Ctrl-C\n')
  expect(lines(stdout).map(({ id }) => id)).toEqual(ids.slice(1))
  expect(readFileSync(file, 'utf8')).toMatch(/^[\w-]+\n$/)
})

test('a position of another tail is a mistake of usage', async () => {
  const file = `${cwd}/position`
  const { exitCode, stdout, stderr } = await outboxWhileWeServe(
    ['events', 'tail', '--type', 'other', '--resume', file],
    { cwd, env: env() },
  )
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain('Last-Event-ID')
})

test('it outlives the server’s absence, and leaves nothing out', async () => {
  const { hostname: host, port } = new URL(api.worker.url)
  const proxy = await startTcpProxy({ host, port: Number(port) })
  const url = `http://127.0.0.1:${proxy.port}`
  const running = startCommand(['events', 'tail', '--type', 'absent', '--limit', '2', '--json'], {
    env: env(url),
    cwd,
  })
  await running.said(/from now on/)
  const before = await emit('absent')
  await eventually(() => expect(running.stdout).toContain(before))
  proxy.mode('refuse')
  proxy.cut()
  await running.said(/Trying again, nothing is lost/)
  const meanwhile = await emit('absent')
  proxy.mode('pass')
  expect(await running.exited).toBe(0)
  expect(lines(running.stdout).map(({ id }) => id)).toEqual([before, meanwhile])
  expect(running.stderr).toContain('answers again')
})

test('attempts come as they are recorded, with what came of each', async () => {
  let status = 500
  const receiver = await startReceiver(() => status)
  const { body } = await api.post('/v1/endpoints', {
    url: receiver.url,
    event_types: ['attempted'],
    retry_schedule: [],
  })
  const running = tail('deliveries', 'tail', '--endpoint', body.id, '--limit', '2', '--json')
  const failures = tail('deliveries', 'tail', '--outcome', 'failed', '--limit', '1')
  await Promise.all([running, failures].map(one => one.said(/from now on/)))
  const listener = await startTestListener(api.database.url)
  const failed = await emit('attempted')
  await receiver.waitFor(1)
  status = 200
  const delivered = await emit('attempted')
  expect(await running.exited).toBe(0)
  expect(await failures.exited).toBe(0)
  await listener.stop()
  expect(lines(running.stdout)).toMatchObject([
    { event_id: failed, error: 'bad_status', response_status: 500, state: 'dead', number: 1 },
    { event_id: delivered, error: null, response_status: 200, state: 'delivered' },
  ])
  expect(failures.stdout.trim().split('\t').slice(3)).toEqual([
    'attempted',
    'orders/7',
    '500',
    expect.stringMatching(/^\d+$/),
    '1',
    'dead',
  ])
})
