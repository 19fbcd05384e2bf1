// Senders that are held ask again and again whether they may send.
import type pg from 'pg'
import { eventually } from './eventually.ts'

/** Returns when they have asked several times more, each time in vain. */
export async function askedInVain(client: pg.Client): Promise<void> {
  const asked = async () =>
    (await client.query('select max(seen_at)::text as at from outbox.held_senders')).rows[0].at
  for (let times = 0; times < 4; times++) {
    const last = await asked()
    await eventually(async () => (await asked()) !== last)
  }
}
