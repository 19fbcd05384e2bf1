// The gauges of the database on /metrics: measured from time to time, never by a scrape, and missing if they cannot be read.
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { captureGauges, readCaptureGauges } from '../../../drizzle/gauges.ts'
import { runOn } from '../../../worker/database.ts'
import { RefreshedGauges } from '../../../worker/observability/refreshed-gauges.ts'
import { atEnd } from '../../support/cleanup.ts'
import { freshDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'

test('each check of the capture is shown as it was measured last, a scrape measures nothing, and what cannot be read is missing', async () => {
  const client = await (await freshDatabase()).connect()
  const registry = new Registry()
  const seen = { reads: 0, troubles: 0 }
  let run = runOn(client)
  const gauges = new RefreshedGauges(registry, {
    meanings: captureGauges,
    everyMs: 100,
    clock: () => 0,
    read: () => {
      seen.reads++
      return readCaptureGauges(run)
    },
    onTrouble: () => seen.troubles++,
  })
  atEnd(() => gauges.stop())
  const shown = async () =>
    (await registry.metrics()).match(/^outbox_capture_check.*broken_triggers.*$/m)?.[0]
  expect(await shown()).toBeUndefined() // not measured yet
  expect(seen.reads).toBe(0)
  gauges.start()
  await eventually(async () => (await shown()) === 'outbox_capture_check{check="broken_triggers"} 1')
  await client.query('alter table orders disable trigger user')
  await eventually(async () => (await shown()) === 'outbox_capture_check{check="broken_triggers"} 0')
  run = () => Promise.reject(new Error('the database is away'))
  await eventually(async () => (await shown()) === undefined)
  const { reads } = seen
  await eventually(() => seen.reads > reads + 2)
  expect(seen.troubles).toBe(1) // once, not for each measurement
  run = runOn(client)
  await eventually(async () => (await shown()) === 'outbox_capture_check{check="broken_triggers"} 0')
  gauges.stop()
  const afterwards = seen.reads
  await registry.metrics()
  expect(seen.reads).toBe(afterwards)
})

test('a measurement that takes long is made less often: it may take a fiftieth of the time', async () => {
  let now = 0
  let reads = 0
  const begunAt = performance.now()
  const gauges = new RefreshedGauges(new Registry(), {
    meanings: captureGauges,
    everyMs: 1,
    clock: () => now,
    read: async () => {
      now += 10
      reads++
      return []
    },
    onTrouble: error => expect.fail(String(error)),
  })
  atEnd(() => gauges.stop())
  gauges.start()
  await eventually(() => reads === 3)
  expect(performance.now() - begunAt).toBeGreaterThan(2 * 499)
})
