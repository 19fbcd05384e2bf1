// Publish: events over HTTP, one by one and in batches. Every event is on disk when its answer comes.
import { Agent, request } from 'undici'
import { Trouble } from '../../dev/say.ts'
import { monotonicMs } from '../clock.ts'
import type { Database } from '../environment.ts'
import { eventData } from '../event.ts'
import { startProxy } from '../functions.ts'
import { type Server, startServers } from '../publish/servers.ts'
import { type Scenario, takeTurns } from '../scenario.ts'

const batchSize = 500

interface Load {
  readonly variant: string
  readonly connections: number
  /** 1 = one by one. */
  readonly eventsEach: number
  readonly requests: number
}

const loads: readonly Load[] = [
  { variant: 'one by one, 1 connection', connections: 1, eventsEach: 1, requests: 1_000 },
  { variant: 'one by one, 16 connections', connections: 16, eventsEach: 1, requests: 4_000 },
  { variant: 'batches, 1 connection', connections: 1, eventsEach: batchSize, requests: 40 },
  { variant: 'batches, 16 connections', connections: 16, eventsEach: batchSize, requests: 160 },
]

export const publish: Scenario = {
  name: 'publish',
  question: `How many events a second does POST /v1/events take, and in batches of ${batchSize}?`,
  async run({ environment, quick, rounds, record }) {
    const database = await environment.outboxDatabase()
    const proxy = await startProxy(environment)
    const servers = await startServers(environment, database, proxy)
    for (const { url } of servers) for (const load of loads) await send(url, fewer(load, 20)) // warms up
    for (const load of loads.map(load => (quick ? fewer(load, 40) : load))) {
      await takeTurns(rounds, servers, async server => {
        await database.client.query('truncate outbox.events, outbox.fanout')
        const tripsBefore = await server.roundTrips?.()
        const { seconds, cpuSeconds } = await measure(server, load)
        await expectEvents(database, load)
        const about = { variant: load.variant, subject: server.subject }
        const events = load.requests * load.eventsEach
        record({ ...about, metric: 'rate', unit: 'events/s', value: events / seconds })
        record({ ...about, metric: 'rate per core', unit: 'events/s', value: events / cpuSeconds })
        if (!server.roundTrips) return
        const trips = ((await server.roundTrips()) - tripsBefore!) / load.requests
        record({ ...about, metric: 'round trips', unit: 'per request', value: trips })
      })
    }
    await Promise.all(servers.map(server => server.stop()))
    await proxy.stop()
    await database.drop()
  },
}

const fewer = (load: Load, divisor: number): Load => ({
  ...load,
  requests: Math.max(load.connections, Math.ceil(load.requests / divisor)),
})

async function measure({ url, cpuSeconds }: Server, load: Load) {
  const cpuBefore = cpuSeconds()
  const start = monotonicMs()
  await send(url, load)
  return { seconds: (monotonicMs() - start) / 1000, cpuSeconds: cpuSeconds() - cpuBefore }
}

async function send(url: string, { connections, eventsEach, requests }: Load): Promise<void> {
  const agent = new Agent({ connections })
  let n = 0
  const client = async () => {
    while (n < requests) await post(agent, url, n++ * eventsEach, eventsEach)
  }
  await Promise.all(Array.from({ length: connections }, client))
  await agent.close()
}

async function post(agent: Agent, url: string, from: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => event(from + i))
  const [path, body] = count === 1 ? ['/v1/events', events[0]] : ['/v1/events/batch', { events }]
  const answer = await request(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer bench' },
    body: JSON.stringify(body),
    dispatcher: agent,
  })
  await answer.body.dump()
  if (answer.statusCode !== 202) throw new Trouble(`POST ${path} was answered with ${answer.statusCode}.`)
}

const event = (n: number) => ({ type: 'order.shipped', key: `orders/${n % 1000}`, data: eventData(n) })

async function expectEvents({ isTrue }: Database, { requests, eventsEach }: Load): Promise<void> {
  const all = requests * eventsEach
  if (await isTrue(`select count(*) = ${all} from outbox.events`)) return
  throw new Trouble(`Not all of ${all} events that were answered are in the table.`)
}
