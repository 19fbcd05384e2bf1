// A dump of another database that is put in place of a listener's own while it runs, as one refreshes a staging system: the
// connections stay open, and so nobody asks on a new one.
import { expect, test } from 'vitest'
import { heldSentences } from '../../drizzle/identity.ts'
import { runCron } from '../../functions/cron/run.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import {
  addEndpoint,
  deliveryStates,
  emit,
  endLeases,
  greedy,
  startTestListener,
  storeOn,
} from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { dumpRows, restoreRows } from '../support/restore.ts'
import { testSettings } from '../support/settings.ts'

test('what waits in a dump that is restored under a running listener is not sent', async () => {
  const customers = await startReceiver()
  const production = await freshDatabase()
  const there = await production.connect()
  await addEndpoint(there, { url: customers.url })
  expect(await runCron({ ...testSettings, ...production.env })).toMatchObject({ held: null })
  await emit(there, 2)
  await storeOn(there).fanOut(greedy('x:1', { leaseLimit: 0 }))
  await emit(there, 3)
  await storeOn(there).fanOut(greedy('x:2'))
  await endLeases(there)
  await emit(there, 4)
  const dump = await dumpRows(production.url)

  const own = await startReceiver()
  const staging = await freshDatabase()
  const here = await staging.connect()
  await addEndpoint(here, { url: own.url })
  const listener = await startTestListener(staging.url, { OUTBOX_POLL_SECONDS: '0.5' })
  await emit(here)
  await eventually(async () => expect(await deliveryStates(here)).toEqual({ delivered: 1 }))

  await restoreRows(staging.url, dump)
  await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${listener.healthPort}/readyz`)
    expect((await answer.text()).trim()).toBe(heldSentences.copy)
  })
  await emit(here)
  await listener.stop()
  expect(customers.requests).toHaveLength(0)
})
