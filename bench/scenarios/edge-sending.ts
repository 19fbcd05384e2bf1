// Edge sending: 10,000 webhooks through queues, dispatcher and consumers, as [env.edge] of wrangler.toml binds them.
import { monotonicMs, untilTrue } from '../clock.ts'
import { startProxy, startWorker } from '../functions.ts'
import { percentile } from '../results.ts'
import { type Bench, type Scenario, takeTurns } from '../scenario.ts'
import { pathsTo, startOutbox } from '../subjects/outbox-system.ts'

const good = 19
const plans = [
  { variant: 'all answer', neighbour: '/e/19' },
  { variant: 'one takes 3 s', neighbour: '/late/19' },
]

export const edgeSending: Scenario = {
  name: 'edge-sending',
  question: 'How long do 19 endpoints wait at the edge, with and without a slow one beside them?',
  async run(bench) {
    bench.note('wrangler runs one consumer of a queue at a time; on Cloudflare there are up to 250.')
    await takeTurns(bench.rounds, plans, plan => measure(bench, plan))
  },
}

async function measure(
  { environment, quick, record }: Bench,
  { variant, neighbour }: (typeof plans)[number],
): Promise<void> {
  const count = quick ? 1_000 : 10_000
  const system = await startOutbox(environment, { paths: [...pathsTo(good), neighbour], listeners: 0 })
  const proxy = await startProxy(environment)
  const worker = await startWorker(environment, system.database, proxy, {
    settings: { CLOUDFLARE_ENV: 'edge', OUTBOX_EDGE_SENDING: 'on', OUTBOX_CRON_SUBREQUESTS: '900' },
  })
  const ring = () =>
    fetch(`${worker.url}/v1/ring`, { method: 'POST', headers: { authorization: 'Bearer bench' } })
  await (await ring()).text()
  await system.commit(count)
  const start = monotonicMs()
  await (await ring()).text()
  const ofGood = (count * good) / (good + 1)
  await untilTrue(async () => (await environment.receiver.arrivals()).filter(isGood).length >= ofGood, 500)
  const arrivals = await environment.receiver.arrivals()
  const delays = arrivals.filter(isGood).map(at => at![0]! - start)
  await worker.stop()
  await proxy.stop()
  await system.stop()
  const about = { variant, subject: 'Outbox' }
  for (const percent of [50, 95])
    record({ ...about, metric: `p${percent} of the good`, unit: 'ms', value: percentile(delays, percent) })
  record({ ...about, metric: 'rate', unit: 'webhooks/s', value: ofGood / (Math.max(...delays) / 1000) })
}

/** Event n is for endpoint n modulo 20. */
const isGood = (at: number[] | null, n: number) => at !== null && n % (good + 1) < good
