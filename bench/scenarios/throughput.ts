// Throughput: how many webhooks a second, when there is always another one to send?
import { type Scenario, takeTurns } from '../scenario.ts'
import { bareLoop } from '../subjects/bare-loop.ts'
import { graphileWorker } from '../subjects/graphile-worker.ts'
import { outbox } from '../subjects/outbox.ts'
import { pgBoss } from '../subjects/pg-boss.ts'
import { plainNotify } from '../subjects/plain-notify.ts'

const subjects = [bareLoop, outbox, pgBoss, graphileWorker, plainNotify]

export const throughput: Scenario = {
  name: 'throughput',
  question: 'How many webhooks a second, from the commit of all events to the last 2xx on disk?',
  async run({ environment, quick, rounds, record }) {
    const count = quick ? 3_000 : 50_000
    const warmUp = quick ? 500 : 20_000
    for (const endpoints of [1, 20]) {
      await takeTurns(rounds, subjects, async subject => {
        const running = await subject.start(environment, { endpoints, tunedFor: 'throughput' })
        await running.drain(warmUp)
        const value = count / (await running.drain(count))
        await running.stop()
        const variant = endpoints === 1 ? '1 endpoint' : `${endpoints} endpoints`
        record({ variant, subject: subject.name, metric: 'rate', unit: 'webhooks/s', value })
      })
    }
  },
}
