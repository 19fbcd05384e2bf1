// Listeners: do two listeners share the work without slowing each other down?
import { type Scenario, takeTurns } from '../scenario.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

export const listeners: Scenario = {
  name: 'listeners',
  question:
    'How many webhooks a second do two listeners send together? On two cores they share the CPU that one had.',
  async run({ environment, quick, rounds, record }) {
    const count = quick ? 3_000 : 50_000
    await takeTurns(rounds, [1, 2], async listeners => {
      const system = await startOutbox(environment, { paths: pathsTo(20), listeners })
      await system.deliver(quick ? 500 : 5_000)
      const value = count / (await system.deliver(count))
      const { received, distinct } = await environment.receiver.stats()
      await system.stop()
      const variant = listeners === 1 ? '1 listener' : `${listeners} listeners`
      record({ variant, subject: 'Outbox', metric: 'rate', unit: 'webhooks/s', value })
      record({
        variant,
        subject: 'Outbox',
        metric: 'sent twice',
        unit: 'webhooks',
        value: received - distinct,
      })
    })
  },
}
