// Old snapshot: a forgotten transaction keeps vacuum from removing dead rows, and they pile up where queues read first.
import { type Scenario, takeTurns } from '../scenario.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

export const oldSnapshot: Scenario = {
  name: 'old-snapshot',
  question: 'Does a forgotten transaction slow down sending?',
  async run({ environment, quick, rounds, record }) {
    const count = quick ? 3_000 : 50_000
    await takeTurns(rounds, ['none', 'held open'], async variant => {
      const system = await startOutbox(environment, { paths: pathsTo(1) })
      const forgotten = await system.database.connect()
      if (variant === 'held open') {
        await forgotten.query('begin isolation level repeatable read')
        await forgotten.query('select pg_current_xact_id()') // a snapshot and an id: both hold vacuum back
      }
      await system.deliver(count) // leaves dead rows in the tables
      const value = count / (await system.deliver(count))
      await forgotten.end()
      await system.stop()
      record({ variant, subject: 'Outbox', metric: 'rate', unit: 'webhooks/s', value })
    })
  },
}
