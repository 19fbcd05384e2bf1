// GET /v1/listeners: who sends, and whether it still does.
import { expect, test } from 'vitest'
import { version } from '../../../delivery/version.ts'
import { eventually } from '../../support/eventually.ts'
import { startTestListener } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startApi } from '../api.ts'

test('nobody has sent yet', async () => {
  const api = await startApi()
  expect((await api.get('/v1/listeners')).body).toEqual({
    data: [],
    held: null,
    last_cron_run: null,
    last_failed_cron_run: null,
  })
})

test('a listener is there while it runs, and gone once it has stopped', async () => {
  const api = await startApi()
  const listener = await startTestListener(api.database.url)
  const [seen] = await eventually(async () => {
    const { data } = (await api.get('/v1/listeners')).body
    return data.length > 0 && data
  })
  expect(seen).toEqual({
    name: listener.name,
    version,
    state: expect.stringMatching(/^(awake|asleep)$/),
    since: expect.stringMatching(/Z$/),
    last_heartbeat: expect.stringMatching(/Z$/),
    in_flight: 0,
  })
  await eventually(() => listener.trouble() === null)
  await listener.stop()
  expect((await api.get('/v1/listeners')).body.data).toEqual([])
})

test('one that has died is silent, and after an hour forgotten; its row goes with the next sign of life of another', async () => {
  const api = await startApi()
  const row = (name: string, age: string) =>
    api.db.query(
      `insert into outbox.listeners (name, version, awake, in_flight, since, seen_at)
       values ($1, '0', true, 3, now() - interval '1 day', now() - $2::interval)`,
      [name, age],
    )
  await row('dead', '1 minute')
  await row('awake', '5 seconds')
  await row('long-dead', '61 minutes')
  const states = async () =>
    (await api.get('/v1/listeners')).body.data.map(({ name, state }: Record<string, string>) => [name, state])
  expect(await states()).toEqual([
    ['awake', 'awake'],
    ['dead', 'silent'],
  ])
  await startTestListener(api.database.url)
  await eventually(async () => {
    const { rows } = await api.db.query(`select name from outbox.listeners where name = 'long-dead'`)
    return rows.length === 0
  })
  expect(await states()).toContainEqual(['dead', 'silent'])
})

test('the last run of the cron function is there with what it did', async () => {
  const api = await startApi()
  await api.worker.scheduled()
  const first = (await api.get('/v1/listeners')).body.last_cron_run
  expect(first).toEqual({
    version,
    started_at: expect.stringMatching(/Z$/),
    finished_at: expect.stringMatching(/Z$/),
    delivered: 0,
    failed: 0,
    stopped: 'nothing due',
  })
  const receiver = await startReceiver(() => 500)
  await api.post('/v1/endpoints', { url: receiver.url })
  await api.post('/v1/events', { type: 'a.b', data: {} })
  await api.worker.scheduled()
  const second = (await api.get('/v1/listeners')).body.last_cron_run
  expect(second).toMatchObject({ delivered: 0, failed: 1 })
  expect(Date.parse(second.finished_at)).toBeGreaterThan(Date.parse(first.finished_at))
})

test('a run of the cron function that fails is there with the reason, beside the last that came to its end', async () => {
  const api = await startApi()
  const runs = async () => {
    const { last_cron_run: done, last_failed_cron_run: failed } = (await api.get('/v1/listeners')).body
    return { done, failed }
  }
  await api.worker.scheduled()
  const before = await runs()
  expect(before.failed).toBeNull()
  await api.db.query('alter table outbox.attempt_rows rename to attempts_away')
  expect(await api.worker.scheduled()).toBe('exception')
  await api.db.query('alter table outbox.attempts_away rename to attempt_rows')
  const { done, failed } = await runs()
  expect(done).toEqual(before.done)
  expect(failed).toEqual({
    version,
    started_at: expect.stringMatching(/Z$/),
    failed_at: expect.stringMatching(/Z$/),
    failure: expect.stringMatching(/^[a-z_]+ failed: 42P01$/),
  })
  expect(Date.parse(failed.failed_at)).toBeGreaterThan(Date.parse(done.finished_at))
  await api.worker.scheduled()
  const after = await runs()
  expect(after.failed).toEqual(failed)
  expect(Date.parse(after.done.finished_at)).toBeGreaterThan(Date.parse(failed.failed_at))
})
