// Edge: what do validation, keys, problems and the rest of the API add to a PATCH of an order?
import { Agent, request } from 'undici'
import { Trouble } from '../../dev/say.ts'
import { seed } from '../../dev/shop/seed.ts'
import { monotonicMs } from '../clock.ts'
import { startProxy, startWorker } from '../functions.ts'
import { type Scenario, takeTurns } from '../scenario.ts'

const clients = 16
const orders = 1_000
const agent = new Agent({ connections: clients })

export const edge: Scenario = {
  name: 'edge',
  question: 'How many PATCHes a second does the Worker take, and how often does each go to the database?',
  async run({ environment, quick, rounds, record }) {
    const count = quick ? 300 : 5_000
    const database = await environment.outboxDatabase()
    await seed(database.url)
    const proxy = await startProxy(environment)
    const workers = [
      { subject: 'Outbox', worker: await startWorker(environment, database, proxy) },
      {
        subject: 'bare Hono + Neon',
        worker: await startWorker(environment, database, proxy, { folder: 'bench/edge' }),
      },
    ]
    for (const { worker } of workers) await patch(worker.url, quick ? 100 : 1_000)
    await takeTurns(rounds, workers, async ({ subject, worker }) => {
      const before = await proxy.roundTrips()
      const seconds = await patch(worker.url, count)
      const roundTrips = (await proxy.roundTrips()) - before
      const about = { variant: 'PATCH /orders/:id', subject }
      record({ ...about, metric: 'rate', unit: 'requests/s', value: count / seconds })
      record({ ...about, metric: 'round trips', unit: 'per request', value: roundTrips / count })
    })
    await Promise.all(workers.map(({ worker }) => worker.stop()))
    await proxy.stop()
    await database.drop()
  },
}

/** Seconds for `count` updates. Each changes another order than the one before, to another status than it had. */
async function patch(url: string, count: number): Promise<number> {
  let n = 0
  const client = async () => {
    while (n < count) {
      const mine = n++
      const status = Math.floor(mine / orders) % 2 ? 'backorder' : 'shipped'
      const answer = await request(`${url}/orders/${1 + (mine % orders)}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ status }),
        dispatcher: agent,
      })
      await answer.body.dump()
      if (answer.statusCode !== 200) throw new Trouble(`PATCH was answered with ${answer.statusCode}.`)
    }
  }
  const start = monotonicMs()
  await Promise.all(Array.from({ length: clients }, client))
  return (monotonicMs() - start) / 1000
}
