// Idle: what does a listener cost when nothing happens?
import { costOf } from '../process.ts'
import type { Scenario } from '../scenario.ts'
import { withServerSettings } from '../server-settings.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

export const idle: Scenario = {
  name: 'idle',
  question: 'How often does an idle listener ask the database, and what does it cost in CPU?',
  async run({ environment: { admin, ...environment }, quick, rounds, record }) {
    const seconds = quick ? 12 : 60
    // Otherwise the transactions of its workers would count as the listener's.
    await withServerSettings(admin, { autovacuum: 'off' }, async () => {
      for (let round = 0; round < rounds; round++) {
        const system = await startOutbox({ admin, ...environment }, { paths: pathsTo(20) })
        await system.deliver(100)
        const read = async () => {
          const { rows } = await admin.query(
            'select (xact_commit + xact_rollback)::int as statements from pg_stat_database where datname = $1',
            [system.database.name],
          )
          return { statements: rows[0].statements as number, ...costOf(system.listeners[0]!.pid) }
        }
        // A backend reports its statistics within ten seconds: by then everything before the measurement has been counted.
        await new Promise(resolve => setTimeout(resolve, 11_000))
        const before = await read()
        await new Promise(resolve => setTimeout(resolve, seconds * 1000))
        const after = await read()
        await system.stop()
        const about = { variant: 'nothing happens', subject: 'Outbox' }
        const perMinute = ((after.statements - before.statements) * 60) / seconds
        const cpu = ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100
        record({ ...about, metric: 'queries', unit: 'per minute', value: perMinute })
        record({ ...about, metric: 'CPU', unit: '% of a core', value: cpu })
        record({ ...about, metric: 'memory', unit: 'MB', value: after.memoryMb })
      }
    })
  },
}
