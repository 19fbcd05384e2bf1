// Old snapshot: somebody forgot a transaction, vacuum can't remove anything, and dead rows pile up where queues look first.

import { type Scenario, takeTurns } from '../scenario.ts'
import { openStage, pathsTo } from '../subjects/outbox-stage.ts'

export const oldSnapshot: Scenario = {
  name: 'old-snapshot',
  question: 'Does a forgotten transaction slow the sending down?',
  async run({ ground, quick, rounds, record }) {
    const count = quick ? 3_000 : 50_000
    await takeTurns(rounds, ['nobody', 'held open'], async variant => {
      const stage = await openStage(ground, { paths: pathsTo(1) })
      const forgotten = await stage.database.connect()
      if (variant === 'held open') {
        await forgotten.query('begin isolation level repeatable read')
        await forgotten.query('select pg_current_xact_id()') // a snapshot and an id: both hold vacuum back
      }
      await stage.deliver(count) // what is dead by now stays in the tables
      const value = count / (await stage.deliver(count))
      await forgotten.end()
      await stage.leave()
      record({ variant, contestant: 'Outbox', metric: 'rate', unit: 'webhooks/s', value })
    })
  },
}
