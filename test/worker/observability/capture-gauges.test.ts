// The self-check of capture on /metrics: measured once a minute at most, and missing if it cannot be read.
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { readCaptureHealth } from '../../../drizzle/capture-health.ts'
import { runOn } from '../../../worker/database.ts'
import { addCaptureGauges } from '../../../worker/observability/capture-gauges.ts'
import { freshDatabase } from '../../support/database.ts'

test('the capture gauges show each check, ask the database once a minute at most, and show nothing that could not be read', async () => {
  const client = await (await freshDatabase()).connect()
  const registry = new Registry()
  const time = { now: 0, reads: 0, troubles: 0 }
  let run = runOn(client)
  addCaptureGauges(registry, {
    read: () => {
      time.reads++
      return readCaptureHealth(run)
    },
    onTrouble: () => time.troubles++,
    clock: () => time.now,
  })
  expect(await registry.metrics()).toContain('outbox_capture_healthy{check="broken_triggers"} 1')
  await client.query('alter table orders disable trigger user')
  time.now = 59_999
  expect(await registry.metrics()).toContain('outbox_capture_healthy{check="broken_triggers"} 1')
  expect(time.reads).toBe(1)
  time.now = 60_000
  const broken = await registry.metrics()
  expect(broken).toContain('outbox_capture_healthy{check="broken_triggers"} 0')
  expect(broken).toMatch(/outbox_capture\{check="broken_triggers"\} [12]/)
  run = () => Promise.reject(new Error('the database is away'))
  time.now = 120_000
  expect(await registry.metrics()).not.toContain('{check=')
  expect(time).toMatchObject({ reads: 3, troubles: 1 })
})
