// The lower bound of the fan-out, with real transactions that get their ids and commit in different orders.
import { expect, test } from 'vitest'
import { FanOutBound } from '../../../worker/claim/fan-out-bound.ts'
import { freshDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { addEndpoint, emit, greedy, storeOn } from '../../support/outbox.ts'

test('no event is below the lower bound of the fan-out, not even one of the newest transaction while no later one has ended', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  await addEndpoint(client, { url: 'https://a.example' })
  const store = storeOn(client)
  const bound = new FanOutBound()
  const fanOut = async () => {
    const { meta } = await store.take(greedy('a:1', { fanOutFrom: bound.from }))
    bound.note(meta, true)
    return meta.fanned
  }
  const [early, late] = [await db.connect(), await db.connect()]
  await early.query('begin; select pg_current_xact_id()')
  await late.query('begin')
  await emit(late)
  await emit(early) // the higher event id, the lower transaction id
  await early.query('commit')
  expect(await fanOut()).toBe(1)
  expect(await fanOut()).toBe(0)
  await late.query('commit')
  expect(await fanOut()).toBe(1)
  // Transactions of other databases hold the bound back as well, until they end.
  await eventually(async () => {
    expect(await fanOut()).toBe(0)
    expect(bound.from).toBeGreaterThan(0n)
  })
})
