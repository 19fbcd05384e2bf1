// The self-check finds what would stop the capture, and says what to do.
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'

let api: Api
beforeAll(async () => {
  api = await startApi()
})
const check = async (name: string) =>
  (await api.get('/v1/health/capture')).body.checks.find((c: { name: string }) => c.name === name)

test('a fresh database is healthy', async () => {
  const { status, body } = await api.get('/v1/health/capture')
  expect(status).toBe(200)
  expect(body.healthy).toBe(true)
  expect(body.checks.map((c: { name: string }) => c.name)).toEqual([
    'broken_triggers',
    'capture_drift',
    'notify_queue_usage',
    'oldest_unfanned_seconds',
    'oldest_transaction_seconds',
    'sequence_cache',
    'partitions_ahead',
    'failed_captures',
  ])
})

test.each([
  [
    'a trigger that is disabled',
    'broken_triggers',
    `alter table orders disable trigger user`,
    `alter table orders enable trigger user`,
    'ENABLE TRIGGER "00_outbox_update"',
  ],
  [
    'a watched table that was dropped',
    'broken_triggers',
    `create table gone (id int primary key); select outbox.watch('gone'); drop table gone`,
    `select outbox.unwatch(relation) from outbox.watches where relation::text ~ '^[0-9]+$'`,
    'was dropped. SELECT outbox.unwatch(',
  ],
  [
    'events that are not fanned out',
    'oldest_unfanned_seconds',
    `select outbox.emit('a.b', '{}'); update outbox.events set occurred_at = occurred_at - interval '1 hour'`,
    `delete from outbox.fanout`,
    'start a listener',
  ],
  [
    'a sequence with a cache',
    'sequence_cache',
    `alter sequence outbox.events_id_seq cache 50`,
    `alter sequence outbox.events_id_seq cache 1`,
    'CACHE 1',
  ],
  [
    'a change that could not be captured',
    'failed_captures',
    `select outbox.record('outbox.capture.failed', '{}', null, null)`,
    `truncate outbox.events, outbox.fanout`,
    'outbox.capture.failed',
  ],
])('%s', async (_, name, harm, mend, advice) => {
  await api.db.query(harm)
  expect(await check(name)).toMatchObject({ healthy: false, advice: expect.stringContaining(advice) })
  expect((await api.get('/v1/health/capture')).body.healthy).toBe(false)
  await api.db.query(mend)
  expect(await check(name)).toMatchObject({ healthy: true })
})

test('the age of a transaction counts from its beginning', async () => {
  const other = await api.database.connect()
  await other.query('begin isolation level repeatable read; select 1 from outbox.events')
  const { rows } = await other.query(
    'select extract(epoch from clock_timestamp() - xact_start)::float8 as age from pg_stat_activity where pid = pg_backend_pid()',
  )
  const { value } = await check('oldest_transaction_seconds')
  expect(value).toBeGreaterThanOrEqual(rows[0].age)
  await other.query('rollback')
})
