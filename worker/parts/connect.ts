// Connect: the links to the database, and to the port that is asked for health and metrics.
import { SettingsError } from '../../delivery/settings.ts'
import { identityGauges } from '../../drizzle/gauges.ts'
import { createStore, type Store, type StoreOptions } from '../../drizzle/store.ts'
import { type Database, openDatabase } from '../database.ts'
import { Health } from '../observability/health.ts'
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
  /** Once started. */
  readonly healthPort: number
}

export interface ConnectPorts {
  readonly settings: Pick<
    ListenerSettings,
    'databaseUrl' | 'disableAfterSeconds' | 'durableLeases' | 'healthPort' | 'healthHost'
  >
  readonly name: string
  readonly log: Log
  readonly clock: () => number
}

export function createConnect({ settings, name, log, clock }: ConnectPorts): Connect {
  const database = openDatabase(settings.databaseUrl, name, log)
  const { disableAfterSeconds, durableLeases } = settings
  const storeOptions: StoreOptions = { sender: 'listener', clock, disableAfterSeconds, durableLeases }
  const metrics = new Metrics(clock)
  const health = new Health(accept => metrics.exposition(accept))
  health.addCheck(() => database.identity.trouble)
  metrics.addGauge('outbox_database_held', identityGauges.outbox_database_held.help, () =>
    Number(database.identity.trouble !== null),
  )
  let healthPort = settings.healthPort
  const stop = async () => {
    health.close()
    await database.close()
  }
  return {
    database,
    storeOptions,
    store: metrics.statements.around(createStore(database.run, storeOptions)),
    metrics,
    health,
    get healthPort() {
      return healthPort
    },
    async start() {
      try {
        healthPort = await listenOn(health, settings)
        await refuseUnusable(database)
      } catch (error) {
        await stop()
        throw error
      }
    },
    stop,
  }
}

/** A database that cannot be reached yet is waited for: the listening session connects again and again, and says why. */
async function refuseUnusable(database: Database): Promise<void> {
  await database.check().catch(error => {
    if (error instanceof TransactionPoolingError) throw new SettingsError(error.message)
  })
}

async function listenOn(health: Health, settings: HealthAddress): Promise<number> {
  try {
    return await health.listen(settings.healthPort, settings.healthHost)
  } catch (error) {
    throw portUnavailable(settings, error as NodeJS.ErrnoException)
  }
}

type HealthAddress = Pick<ListenerSettings, 'healthPort' | 'healthHost'>

function portUnavailable({ healthPort, healthHost }: HealthAddress, { code }: NodeJS.ErrnoException): Error {
  const remedies: Record<string, string> = {
    EADDRINUSE:
      'another process does, perhaps another listener. Stop it, or set another port; 0 takes a free one.',
    EACCES: 'this user may not use that port. Set one above 1023.',
    EADDRNOTAVAIL: noSuchAddress,
    ENOTFOUND: noSuchAddress,
  }
  const remedy = remedies[code ?? ''] ?? 'set another port; 0 takes a free one.'
  return new SettingsError(
    `OUTBOX_HEALTH_PORT is ${healthPort}, and the listener cannot listen there on ${healthHost} (${code}): ${remedy}`,
  )
}

const noSuchAddress =
  'this machine has no such address. Set OUTBOX_HEALTH_HOST to one of its own, or to :: for every one.'
