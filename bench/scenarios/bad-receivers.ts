// Bad receivers: every event is for 15 good endpoints and for five that fail in five ways. Are the good ones slowed down,
// and does the listener's memory grow?
import { join } from 'node:path'
import { freePort } from '../../dev/ports.ts'
import { watchMemory } from '../memory.ts'
import { delaysAtPace } from '../paced.ts'
import { startProcess } from '../process.ts'
import { percentile } from '../results.ts'
import { type Scenario, takeTurns } from '../scenario.ts'
import { openOutboxWriter } from '../subjects/outbox.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

const good = pathsTo(15)
/** Never answers, sends its body a byte at a time, resets, answers 500, sends an endless body. */
const bad = ['/hang', '/drip-body', '/reset', '/status/500', '/flood']
/** Events; each is for every endpoint. */
const perSecond = 50

export const badReceivers: Scenario = {
  name: 'bad-receivers',
  question:
    'Every event also goes to five endpoints that fail in five ways: how long do the 15 good ones wait?',
  async run({ environment, quick, rounds, record }) {
    const port = await freePort()
    const receivers = await startProcess([join(import.meta.dirname, '../hostile.ts')], {
      guard: environment.guard,
      env: { PORT: String(port) },
    })
    const alone = { variant: '15 good', paths: good }
    const among = {
      variant: '15 good and 5 bad',
      paths: [...good, ...bad.map(path => `http://127.0.0.1:${port}${path}`)],
    }
    await takeTurns(rounds, [alone, among], async ({ variant, paths }) => {
      const settings = { OUTBOX_LOG_LEVEL: 'error' } // otherwise it logs every failure
      const system = await startOutbox(environment, { paths, typesOf: null, settings })
      const writer = await openOutboxWriter(system.database)
      const pace = { perSecond, endpointOf: () => 0, webhooksEach: good.length }
      await delaysAtPace(writer, environment.receiver, { ...pace, count: perSecond }) // warm-up
      const memory = watchMemory(system.listeners[0]!.pid)
      const delays = await delaysAtPace(writer, environment.receiver, { ...pace, count: quick ? 100 : 1_000 })
      const { max, growth } = memory.stop()
      await writer.close()
      await system.stop()
      const about = { variant, subject: 'Outbox' }
      for (const percent of [50, 95, 99]) {
        record({
          ...about,
          metric: `p${percent} of the good`,
          unit: 'ms',
          value: percentile(delays, percent),
        })
      }
      record({ ...about, metric: 'memory, max', unit: 'MB', value: max })
      record({ ...about, metric: 'memory, second half over first', unit: 'MB', value: growth })
    })
    await receivers.stop()
  },
}
