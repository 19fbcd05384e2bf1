// Backlog: do a million waiting events drain more slowly than ten thousand, and what do they cost in memory?
import { monotonicMs } from '../clock.ts'
import { watchMemory } from '../memory.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

export const backlog: Scenario = {
  name: 'backlog',
  question: 'Does a large backlog drain more slowly than a small one, and does it need more memory?',
  async run({ environment, quick, rounds, record }) {
    const small = { waiting: quick ? 1_000 : 10_000, times: 10 }
    const large = { waiting: quick ? 20_000 : 1_000_000, times: 1 }
    /** Webhooks before the measurement, and during it. */
    const warmUp = quick ? 1_000 : 20_000
    const measured = quick ? 5_000 : 100_000
    await takeTurns(rounds, [small, large], async ({ waiting, times }) => {
      const system = await startOutbox(environment, { paths: pathsTo(1) })
      const memory = watchMemory(system.listeners[0]!.pid)
      let milliseconds = 0
      let delivered = 0
      if (times === 1) {
        await system.commit(waiting)
        await environment.receiver.until(warmUp)
        const start = monotonicMs()
        await environment.receiver.until(warmUp + measured)
        milliseconds = monotonicMs() - start
        delivered = measured
      } else {
        await system.deliver(warmUp)
        for (let i = 0; i < times; i++) milliseconds += (await system.deliver(waiting)) * 1000
        delivered = waiting * times
      }
      const { max, growth } = memory.stop()
      await system.stop()
      const about = { variant: `${waiting.toLocaleString('en')} waiting`, subject: 'Outbox' }
      record({ ...about, metric: 'rate', unit: 'webhooks/s', value: (delivered / milliseconds) * 1000 })
      record({ ...about, metric: 'memory, max', unit: 'MB', value: max })
      record({ ...about, metric: 'memory, second half over first', unit: 'MB', value: growth })
    })
  },
}
