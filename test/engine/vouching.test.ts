// A listener that may send vouches for those who ask under another address, because they are in the same database as it is.
import { expect, test } from 'vitest'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { startTestListener } from '../support/outbox.ts'

async function startVouching(pollSeconds: string) {
  const db = await freshDatabase()
  const client = await db.connect()
  const listener = await startTestListener(db.url, { OUTBOX_POLL_SECONDS: pollSeconds })
  await eventually(() => listener.trouble() === null)
  const isKnown = async () =>
    (await client.query(`select 'pooler:6432' = any (addresses) as known from outbox.identity`)).rows[0].known
  expect(await isKnown()).toBe(false)
  return { client, isKnown }
}

test('at once, because who asks notifies it', async () => {
  const { client, isKnown } = await startVouching('300')
  const { rows } = await client.query(`select outbox.identify('pooler:6432', 'cron') as verdict`)
  expect(rows).toEqual([{ verdict: 'unknown' }])
  await eventually(isKnown)
})

test('at its heartbeat, where the notification was lost', async () => {
  const { client, isKnown } = await startVouching('0.2')
  await client.query(`insert into outbox.held_senders (address, sender) values ('pooler:6432', 'cron')`)
  await eventually(isKnown)
})
