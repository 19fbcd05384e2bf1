// Connect: the links to the database, and what is told about them on the port that is asked for health and metrics.
import { SettingsError } from '../../delivery/settings.ts'
import { identityGauges } from '../../drizzle/gauges.ts'
import { createStore, type Store, type StoreOptions } from '../../drizzle/store.ts'
import { type Database, openDatabase } from '../database.ts'
import { Health } from '../observability/health.ts'
import type { HealthPort } from '../observability/health-port.ts'
import type { Log } from '../observability/log.ts'
import { Metrics } from '../observability/metrics.ts'
import type { ListenerSettings } from '../settings.ts'
import { TransactionPoolingError } from '../transaction-pooling.ts'
import type { Part } from './part.ts'

export interface Connect extends Part {
  readonly database: Database
  readonly storeOptions: StoreOptions
  readonly store: Store
  readonly metrics: Metrics
  readonly health: Health
}

export interface ConnectPorts {
  readonly settings: Pick<ListenerSettings, 'databaseUrl' | 'disableAfterSeconds' | 'durableLeases'>
  readonly name: string
  readonly log: Log
  readonly clock: () => number
  readonly port: Pick<HealthPort, 'show'>
}

export function createConnect({ settings, name, log, clock, port }: ConnectPorts): Connect {
  const database = openDatabase(settings.databaseUrl, name, log)
  const { disableAfterSeconds, durableLeases } = settings
  const storeOptions: StoreOptions = { sender: 'listener', clock, disableAfterSeconds, durableLeases }
  const metrics = new Metrics(clock)
  const health = new Health(accept => metrics.exposition(accept))
  health.addCheck(() => database.identity.trouble)
  metrics.addGauge('outbox_database_held', identityGauges.outbox_database_held.help, () =>
    Number(database.identity.trouble !== null),
  )
  return {
    database,
    storeOptions,
    store: metrics.statements.around(createStore(database.run, storeOptions)),
    metrics,
    health,
    async start() {
      port.show(health)
      try {
        await refuseUnusable(database)
      } catch (error) {
        await database.close()
        throw error
      }
    },
    stop: () => database.close(),
  }
}

/** A database that cannot be reached yet is waited for: the listening session connects again and again, and says why. */
async function refuseUnusable(database: Database): Promise<void> {
  await database.check().catch(error => {
    if (error instanceof TransactionPoolingError) throw new SettingsError(error.message)
  })
}
