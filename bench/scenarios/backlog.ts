// Backlog: is a million waiting events slower to work off than ten thousand, and what does it cost in memory?
import { monotonicMs } from '../clock.ts'
import { watchMemory } from '../memory.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { openStage, pathsTo } from '../subjects/outbox-stage.ts'

export const backlog: Scenario = {
  name: 'backlog',
  question: 'Is a large backlog slower to work off than a small one, and does it need more memory?',
  async run({ ground, quick, rounds, record }) {
    const small = { waiting: quick ? 1_000 : 10_000, times: 10 }
    const large = { waiting: quick ? 20_000 : 1_000_000, times: 1 }
    /** Delivered before the stopwatch starts, and while it runs. */
    const warmUp = quick ? 1_000 : 20_000
    const measured = quick ? 5_000 : 100_000
    await takeTurns(rounds, [small, large], async ({ waiting, times }) => {
      const stage = await openStage(ground, { paths: pathsTo(1) })
      const memory = watchMemory(stage.listeners[0]!.pid)
      let milliseconds = 0
      let delivered = 0
      if (times === 1) {
        await stage.commit(waiting)
        await ground.receiver.until(warmUp)
        const start = monotonicMs()
        await ground.receiver.until(warmUp + measured)
        milliseconds = monotonicMs() - start
        delivered = measured
      } else {
        await stage.deliver(warmUp)
        for (let i = 0; i < times; i++) milliseconds += (await stage.deliver(waiting)) * 1000
        delivered = waiting * times
      }
      const { most, growth } = memory.stop()
      await stage.leave()
      const about = { variant: `${waiting.toLocaleString('en')} waiting`, contestant: 'Outbox' }
      record({ ...about, metric: 'rate', unit: 'webhooks/s', value: (delivered / milliseconds) * 1000 })
      record({ ...about, metric: 'memory, most', unit: 'MB', value: most })
      record({ ...about, metric: 'memory, second half over first', unit: 'MB', value: growth })
    })
  },
}
