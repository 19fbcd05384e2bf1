// Sweep: is there a steady rate at which some events wait much longer than at the rates beside it?
import { sweepRates, sweepVariant } from '../jumps.ts'
import { delaysAtPace } from '../paced.ts'
import { percentile } from '../results.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { graphileWorker } from '../subjects/graphile-worker.ts'
import { outbox } from '../subjects/outbox.ts'

const subjects = [outbox, graphileWorker]

/** At the lowest rate 20 events: there the p99 is the slowest of them. */
const secondsAt = (perSecond: number): number => Math.max(5, Math.min(20, 100 / perSecond))

export const sweep: Scenario = {
  name: 'sweep',
  question: 'Is there a rate from 1 to 2,000 a second at which the p99 jumps?',
  async run({ environment, quick, rounds, record }) {
    await takeTurns(rounds, subjects, async ({ name, start }) => {
      const queue = await start(environment, { endpoints: 1, tunedFor: 'latency' })
      await queue.drain(500)
      const writer = await queue.openWriter()
      for (const perSecond of sweepRates) {
        const count = Math.ceil(perSecond * (quick ? 1 : secondsAt(perSecond)))
        const pace = { count, perSecond, endpointOf: () => 0 }
        const delays = await delaysAtPace(writer, environment.receiver, pace)
        await queue.untilDone() // so that a backlog of this rate does not delay the next
        for (const percent of [50, 99]) {
          const about = { variant: sweepVariant(perSecond), subject: name, metric: `p${percent}`, unit: 'ms' }
          record({ ...about, value: percentile(delays, percent) })
        }
      }
      await writer.close()
      await queue.stop()
    })
  },
}
