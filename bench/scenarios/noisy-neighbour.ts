// Noisy neighbour: one of 20 endpoints gets half of all events and never answers. Are the others slowed down?
import { delaysAtPace } from '../paced.ts'
import { percentile } from '../results.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { openOutboxWriter } from '../subjects/outbox.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

const healthy = 19
/** Half of the events are for the neighbour. */
const perSecond = 400
const endpointOf = (n: number) => (n % 2 ? 1 + (((n - 1) / 2) % healthy) : 0)
const isHealthy = (n: number) => n % 2 === 1

/** Both have the same events: they differ only in whether the neighbour answers. */
const quiet = { variant: 'all answer', neighbour: '/e/0', answers: true }
const noisy = { variant: 'one never answers', neighbour: '/never/0', answers: false }

export const noisyNeighbour: Scenario = {
  name: 'noisy-neighbour',
  question: 'One of 20 endpoints never answers and gets half of the events: how long do the others wait?',
  async run({ environment, quick, rounds, record }) {
    const seconds = quick ? 3 : 30
    await takeTurns(rounds, [quiet, noisy], async ({ variant, neighbour, answers }) => {
      const system = await startOutbox(environment, { paths: [neighbour, ...pathsTo(healthy + 1).slice(1)] })
      const writer = await openOutboxWriter(system.database)
      // Every endpoint gets one event before the measurement.
      await Promise.all(Array.from({ length: healthy }, (_, i) => writer.write(0, i + 1)))
      await environment.receiver.until(healthy)
      const count = perSecond * seconds
      const pace = { count, perSecond, endpointOf, answeredBesides: answers ? count / 2 : 0 }
      const delays = await delaysAtPace(writer, environment.receiver, pace, isHealthy)
      await writer.close()
      await system.stop()
      for (const percent of [50, 95, 99]) {
        const value = percentile(delays, percent)
        record({ variant, subject: 'Outbox', metric: `p${percent} of the healthy`, unit: 'ms', value })
      }
    })
  },
}
