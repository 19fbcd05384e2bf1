// Noisy neighbour: one of 20 endpoints never answers and is meant to get half of all events. Do the others notice?

import { delaysAtPace } from '../paced.ts'
import { percentile } from '../results.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { openOutboxWriter } from '../subjects/outbox.ts'
import { openStage, pathsTo } from '../subjects/outbox-stage.ts'

const healthy = 19
/** Half of them for the neighbour. */
const perSecond = 400
const endpointOf = (n: number) => (n % 2 ? 1 + (((n - 1) / 2) % healthy) : 0)
const isHealthy = (n: number) => n % 2 === 1

/** The same events, so that nothing else is compared than whether the neighbour answers. */
const quiet = { variant: 'all answer', neighbour: '/e/0', answers: true }
const noisy = { variant: 'one never answers', neighbour: '/never/0', answers: false }

export const noisyNeighbour: Scenario = {
  name: 'noisy-neighbour',
  question: 'One of 20 endpoints never answers and gets half of the events: how long do the others wait?',
  async run({ ground, quick, rounds, record }) {
    const seconds = quick ? 3 : 30
    await takeTurns(rounds, [quiet, noisy], async ({ variant, neighbour, answers }) => {
      const stage = await openStage(ground, { paths: [neighbour, ...pathsTo(healthy + 1).slice(1)] })
      const writer = await openOutboxWriter(stage.database)
      // Every endpoint has been heard of once before the stopwatch runs.
      await Promise.all(Array.from({ length: healthy }, (_, i) => writer.write(0, i + 1)))
      await ground.receiver.until(healthy)
      const count = perSecond * seconds
      const pace = { count, perSecond, endpointOf, answeredBesides: answers ? count / 2 : 0 }
      const delays = await delaysAtPace(writer, ground.receiver, pace, isHealthy)
      await writer.close()
      await stage.leave()
      for (const percent of [50, 95, 99]) {
        const value = percentile(delays, percent)
        record({ variant, contestant: 'Outbox', metric: `p${percent} of the healthy`, unit: 'ms', value })
      }
    })
  },
}
