// Outbox alone, for scenarios without other subjects: many endpoints, a large backlog, several listeners.
import { monotonicMs, untilTrue } from '../clock.ts'
import type { Database, Environment } from '../environment.ts'
import { eventDataSql } from '../event.ts'
import type { Process } from '../process.ts'
import { addEndpoints, isOutboxDone, startListener } from './outbox.ts'

export interface OutboxSetup {
  /** An endpoint for each. `/e/…` answers at once, `/slow/…` after 50 ms, `/late/…` after 3 s, `/never/…` never; a URL leads elsewhere. */
  readonly paths: readonly string[]
  /** null: each gets every event. By default endpoint i gets the events of type `order.e<i>`. */
  readonly typesOf?: ((path: string, i: number) => string[]) | null
  readonly listeners?: number
  readonly settings?: Record<string, string>
}

export interface OutboxSystem {
  readonly database: Database
  readonly listeners: readonly Process[]
  /** Commits `count` events in one transaction, for each endpoint in turn. */
  commit(count: number): Promise<void>
  /** Seconds from the events' commit until their webhooks have come and all outcomes are recorded. */
  deliver(events: number, webhooks?: number): Promise<number>
  stop(): Promise<void>
}

export const pathsTo = (count: number, kind = 'e'): string[] =>
  Array.from({ length: count }, (_, i) => `/${kind}/${i}`)

export async function startOutbox(environment: Environment, setup: OutboxSetup): Promise<OutboxSystem> {
  const { paths, typesOf = (_, i) => [`order.e${i}`], listeners: count = 1, settings } = setup
  const database = await environment.outboxDatabase()
  await addEndpoints(environment, database, paths, typesOf ?? (() => null))
  const { client } = database
  const listeners: Process[] = []
  for (let i = 0; i < count; i++) listeners.push(await startListener(environment, database, settings))
  await environment.receiver.reset()
  let webhooksSoFar = 0
  const commit = async (events: number) => {
    await client.query('begin')
    // The rows that outbox.record() would write, many at a time: a million calls would take minutes.
    await client.query(
      `with event as (
         insert into outbox.events (type, data)
         select 'order.e' || n % $2, (${eventDataSql('n')})::json from generate_series(0, $1::bigint - 1) n
         returning id
       )
       insert into outbox.fanout (event_id) select id from event`,
      [events, paths.length],
    )
    await client.query('notify outbox')
    await client.query('commit')
  }
  return {
    database,
    listeners,
    commit,
    async deliver(events, webhooks = events) {
      webhooksSoFar += webhooks
      await commit(events)
      const start = monotonicMs()
      await environment.receiver.until(webhooksSoFar)
      await untilTrue(() => database.isTrue(isOutboxDone))
      const seconds = (monotonicMs() - start) / 1000
      await environment.receiver.expectExactly('Outbox', webhooksSoFar)
      return seconds
    },
    async stop() {
      await Promise.all(listeners.map(listener => listener.stop()))
      await database.drop()
    },
  }
}
