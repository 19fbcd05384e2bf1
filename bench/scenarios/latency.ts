// Latency: how long from the commit until the receiver has the webhook?
import { delaysAtPace } from '../paced.ts'
import { percentile } from '../results.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { graphileWorker } from '../subjects/graphile-worker.ts'
import { outbox } from '../subjects/outbox.ts'
import { pgBoss } from '../subjects/pg-boss.ts'
import { plainNotify } from '../subjects/plain-notify.ts'

const subjects = [outbox, pgBoss, graphileWorker, plainNotify]

export const latency: Scenario = {
  name: 'latency',
  question: 'How long from the commit until the receiver has the request?',
  async run({ environment, quick, rounds, record }) {
    const seconds = quick ? 2 : 15
    for (const perSecond of [50, 200, 1_000]) {
      await takeTurns(rounds, subjects, async ({ name, start }) => {
        const queue = await start(environment, { endpoints: 1, tunedFor: 'latency' })
        await queue.drain(quick ? 500 : 5_000)
        const writer = await queue.openWriter()
        const delays = await delaysAtPace(writer, environment.receiver, {
          count: perSecond * seconds,
          perSecond,
          endpointOf: () => 0,
        })
        await writer.close()
        await queue.untilDone()
        await queue.stop()
        for (const percent of [50, 95, 99]) {
          record({
            variant: `${perSecond} per second`,
            subject: name,
            metric: `p${percent}`,
            unit: 'ms',
            value: percentile(delays, percent),
          })
        }
      })
    }
  },
}
