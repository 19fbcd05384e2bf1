// Outside Cloudflare nobody vouches for the address in a request: the outbox in a Node server of somebody's own.
import { expect, test } from 'vitest'
import { createOutbox } from '../../../functions/app.ts'
import { closeSharedPools } from '../../../functions/database/postgres.ts'
import { atEnd } from '../../support/cleanup.ts'
import { freshDatabase } from '../../support/database.ts'
import { testSettings } from '../../support/settings.ts'

test('somebody who guesses keys under many addresses is told to wait, where no platform sets the header', async () => {
  const db = await freshDatabase()
  atEnd(closeSharedPools)
  const env = { ...testSettings, DATABASE_URL: db.url }
  const { fetch } = createOutbox()
  const guess = async (i: number) => {
    const headers = { authorization: `Bearer wrong${i}`, 'cf-connecting-ip': `10.${i >> 8}.${i % 256}.1` }
    return (await fetch(new Request('http://localhost/v1/events', { headers }), env)).status
  }
  const statuses = new Set<number>()
  for (let i = 0; i < 12 && !statuses.has(429); i++) {
    for (const status of await Promise.all(Array.from({ length: 100 }, (_, n) => guess(i * 100 + n))))
      statuses.add(status)
  }
  expect(statuses).toEqual(new Set([401, 429]))
})
