// Replicas: do two listeners share the work without getting into each other's way?

import { type Scenario, takeTurns } from '../scenario.ts'
import { openStage, pathsTo } from '../subjects/outbox-stage.ts'

export const replicas: Scenario = {
  name: 'replicas',
  question: 'What do two listeners send together? On two cores they have no more machine than one.',
  async run({ ground, quick, rounds, record }) {
    const count = quick ? 3_000 : 50_000
    await takeTurns(rounds, [1, 2], async listeners => {
      const stage = await openStage(ground, { paths: pathsTo(20), listeners })
      await stage.deliver(quick ? 500 : 5_000)
      const value = count / (await stage.deliver(count))
      const { received, distinct } = await ground.receiver.stats()
      await stage.leave()
      const variant = listeners === 1 ? '1 listener' : `${listeners} listeners`
      record({ variant, contestant: 'Outbox', metric: 'rate', unit: 'webhooks/s', value })
      record({
        variant,
        contestant: 'Outbox',
        metric: 'sent twice',
        unit: 'webhooks',
        value: received - distinct,
      })
    })
  },
}
