// Faults of the database: restarts, crashes, refused writes and connections, and lost LISTEN sessions.
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { FaultKind } from '../plan.ts'
import { disruption, type FaultContext, type Inject, reconnectMs } from './inject.ts'

/** The longest pause between two tries to settle (worker/settle/settler.ts), and the try itself. */
const settleRetryMs = 6_000

export const databaseFaults = (context: FaultContext) =>
  ({
    'restart database': async () => {
      const { from } = disruption()
      await context.system.restartDatabase()
      return { target: 'database', disruptions: [{ from, until: Date.now() + reconnectMs }] }
    },
    'crash backend': async () => {
      const rows = await context.tryQuery(
        `select pid from pg_stat_activity
         where application_name = 'neon-proxy' or application_name like 'listener-%' order by pid limit 1`,
      )
      if (rows?.[0]) killProcess(rows[0].pid) // Postgres then restarts all its backends
      return { target: 'database', disruptions: [disruption(reconnectMs)] }
    },
    'read-only database': async planned => {
      const { from } = disruption()
      await context.tryQuery('alter system set default_transaction_read_only = on')
      await context.tryQuery('select pg_reload_conf()')
      await wait(planned.forMs)
      await context.queryUntilDone('alter system reset default_transaction_read_only')
      await context.queryUntilDone('select pg_reload_conf()')
      return { target: 'database', disruptions: [{ from, until: Date.now() + settleRetryMs }] }
    },
    'no connections left': async planned => {
      const { from } = disruption()
      const release = await takeAllConnections(context.system.databaseUrl)
      await wait(planned.forMs)
      await release()
      return { target: 'database', disruptions: [{ from, until: Date.now() + settleRetryMs }] }
    },
    'cut LISTEN': async () => {
      await context.tryQuery(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'listener-%'
         and query ~ 'pg_listening_channels|advisory_(un)?lock[(]1869967992|^listen outbox'`,
      )
      return { target: 'all listeners' }
    },
  }) satisfies Partial<Record<FaultKind, Inject>>

/** Takes all connections Postgres has. Returns the function that releases them. */
async function takeAllConnections(databaseUrl: string): Promise<() => Promise<unknown>> {
  const clients = Array.from({ length: 100 }, () => new pg.Client({ connectionString: databaseUrl }))
  for (const client of clients) client.on('error', () => {})
  await Promise.allSettled(clients.map(client => client.connect()))
  return () => Promise.allSettled(clients.map(client => client.end()))
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has just ended by itself
  }
}
