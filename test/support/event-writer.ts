// A writer that goes on while its server fails, and the count of events that are not yet delivered.
import type pg from 'pg'
import { emit } from './outbox.ts'
import { connectTo } from './server.ts'

/** Commits one event after the other, and connects again when it must. `currentUrl` may change with the server. */
export function startWriter(currentUrl: () => string, type?: string) {
  const acknowledged: string[] = []
  let running = true
  const run = async () => {
    while (running) {
      try {
        const client = await connectTo(currentUrl())
        while (running) acknowledged.push(...(await emit(client, 1, type === undefined ? {} : { type })))
      } catch {
        // Cut, or not up yet: the last event may or may not be committed.
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
  }
  const done = run()
  return {
    /** Public ids of the events whose commit was acknowledged. */
    acknowledged,
    async stop() {
      running = false
      await done
    },
  }
}

/** Events without a fan-out, and deliveries that are not delivered. */
export async function countOpen(client: pg.Client): Promise<number> {
  const { rows } = await client.query(
    `select (select count(*) from outbox.fanout)::int
            + (select count(*) from outbox.deliveries where state <> 'delivered')::int as n`,
  )
  return rows[0].n
}
