// Noisy neighbour: one of 20 endpoints never answers and is meant to get half of all events. Do the others notice?
import { openOutboxWriter } from '../contestants/outbox.ts'
import { openStage, pathsTo } from '../contestants/outbox-stage.ts'
import { delaysAtPace } from '../paced.ts'
import { percentile } from '../results.ts'
import { type Scenario, takeTurns } from '../scenario.ts'

const healthy = 19
/** Of the healthy ones together, with and without the neighbour. */
const perSecond = 200

const quiet = {
  variant: 'all answer',
  perSecond,
  endpointOf: (n: number) => 1 + (n % healthy),
  isHealthy: () => true,
}
const noisy = {
  variant: 'one never answers',
  perSecond: 2 * perSecond,
  endpointOf: (n: number) => (n % 2 ? 1 + (((n - 1) / 2) % healthy) : 0),
  isHealthy: (n: number) => n % 2 === 1,
}

export const noisyNeighbour: Scenario = {
  name: 'noisy-neighbour',
  question: 'One of 20 endpoints never answers and gets half of the events: how long do the others wait?',
  async run({ ground, quick, rounds, record }) {
    const seconds = quick ? 3 : 30
    await takeTurns(rounds, [quiet, noisy], async ({ variant, perSecond, endpointOf, isHealthy }) => {
      const stage = await openStage(ground, { paths: ['/never/0', ...pathsTo(healthy + 1).slice(1)] })
      const writer = await openOutboxWriter(stage.database)
      // Every endpoint has been heard of once before the stopwatch runs.
      await Promise.all(Array.from({ length: healthy }, (_, i) => writer.write(0, i + 1)))
      await ground.receiver.until(healthy)
      const pace = { count: perSecond * seconds, perSecond, endpointOf }
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
