// Many endpoints: the same number of webhooks, to one endpoint or to ten thousand.
import { type Scenario, takeTurns } from '../scenario.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

export const manyEndpoints: Scenario = {
  name: 'many-endpoints',
  question: 'What does it cost when the webhooks go to ten thousand endpoints instead of one?',
  async run({ environment, quick, rounds, record }) {
    const many = quick ? 500 : 10_000
    const events = 5
    const webhooks = many * events
    await takeTurns(rounds, [1, many], async endpoints => {
      const system = await startOutbox(environment, { paths: pathsTo(endpoints), typesOf: null })
      // With the first event the listener reads every endpoint and opens its secret; that is not measured.
      await system.deliver(many / endpoints, many)
      const value = webhooks / (await system.deliver(webhooks / endpoints, webhooks))
      await system.stop()
      const variant = endpoints === 1 ? '1 endpoint' : `${many.toLocaleString('en')} endpoints`
      record({ variant, subject: 'Outbox', metric: 'rate', unit: 'webhooks/s', value })
    })
  },
}
