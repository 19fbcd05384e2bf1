// Many endpoints: the same number of webhooks, to one endpoint or to ten thousand of them.

import { type Scenario, takeTurns } from '../scenario.ts'
import { openStage, pathsTo } from '../subjects/outbox-stage.ts'

export const manyEndpoints: Scenario = {
  name: 'many-endpoints',
  question: 'What does it cost when the webhooks go to ten thousand endpoints instead of one?',
  async run({ ground, quick, rounds, record }) {
    const many = quick ? 500 : 10_000
    const events = 5
    const webhooks = many * events
    await takeTurns(rounds, [1, many], async endpoints => {
      const stage = await openStage(ground, { paths: pathsTo(endpoints), typesOf: null })
      // The first event makes the listener read every endpoint and open its secret; that is not what is measured.
      await stage.deliver(many / endpoints, many)
      const value = webhooks / (await stage.deliver(webhooks / endpoints, webhooks))
      await stage.leave()
      const variant = endpoints === 1 ? '1 endpoint' : `${many.toLocaleString('en')} endpoints`
      record({ variant, contestant: 'Outbox', metric: 'rate', unit: 'webhooks/s', value })
    })
  },
}
