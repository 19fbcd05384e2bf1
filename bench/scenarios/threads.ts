// Threads: how much more do two sending threads send than one thread that does everything? Receiver and Postgres run on the
// same machine, so the rate tells it only where all of them have cores of their own. Elsewhere the CPU time of the busiest
// thread does: where each thread has a core, that thread sets the limit.
import { threadsCpuSeconds } from '../proc.ts'
import { costOf } from '../process.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

export const threads: Scenario = {
  name: 'threads',
  question: 'How much more do two sending threads of a listener send than one thread that does everything?',
  async run({ environment, quick, rounds, record, note }) {
    if (process.platform !== 'linux') return note('Skipped: it reads the CPU time of threads from /proc.')
    const count = quick ? 3_000 : 50_000
    await takeTurns(rounds, [1, 2], async threads => {
      const settings = { OUTBOX_LISTENER_THREADS: String(threads) }
      const system = await startOutbox(environment, { paths: pathsTo(20), settings })
      const { pid } = system.listeners[0]!
      await system.deliver(quick ? 500 : 5_000)
      const before = threadsCpuSeconds(pid)
      const seconds = await system.deliver(count)
      const cpu = Array.from(threadsCpuSeconds(pid), ([id, now]) => now - (before.get(id) ?? 0))
      const { memoryMb } = costOf(pid)
      const { received, distinct } = await environment.receiver.stats()
      await system.stop()

      const about = { variant: threads === 1 ? '1 thread' : `${threads} threads`, subject: 'Outbox' }
      const perWebhook = (cpuSeconds: number) => (cpuSeconds * 1e6) / count
      record({ ...about, metric: 'rate', unit: 'webhooks/s', value: count / seconds })
      record({ ...about, metric: 'CPU, busiest thread', unit: 'µs', value: perWebhook(Math.max(...cpu)) })
      record({
        ...about,
        metric: 'CPU, all threads',
        unit: 'µs',
        value: perWebhook(cpu.reduce((sum, one) => sum + one, 0)),
      })
      record({ ...about, metric: 'memory', unit: 'MB', value: memoryMb })
      record({ ...about, metric: 'sent twice', unit: 'webhooks', value: received - distinct })
    })
  },
}
