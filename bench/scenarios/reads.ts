// Reads: how long do lists, figures and the console's pages take when there is a lot?
import { request } from 'undici'
import { Trouble } from '../../dev/say.ts'
import { monotonicMs } from '../clock.ts'
import { startNode } from '../publish/servers.ts'
import { seed } from '../reads/seed.ts'
import { percentile } from '../results.ts'
import type { Scenario } from '../scenario.ts'

const asked = 20

export const reads: Scenario = {
  name: 'reads',
  question: 'How long do lists, figures and pages of the console take with ten million deliveries?',
  async run({ environment, quick, rounds, record, note }) {
    const database = await environment.outboxDatabase()
    const deliveries = quick ? 20_000 : 10_000_000
    await seed(database.client, deliveries)
    note(
      `${deliveries.toLocaleString('en')} deliveries of a week, 1,000 endpoints, 100 tenants; the container’s server.`,
    )
    const server = await startNode(environment, database)
    const cookie = await signIn(server.url)
    const paths = await pathsOf(server.url)
    for (const path of Object.values(paths)) await get(server.url + path, cookie) // warms up
    for (let round = 0; round < rounds; round++) {
      for (const [variant, path] of Object.entries(paths)) {
        const times: number[] = []
        for (let n = 0; n < asked; n++) times.push(await get(server.url + path, cookie))
        for (const percent of [50, 95]) {
          const value = percentile(times, percent)
          record({ variant, subject: 'Outbox', metric: `p${percent}`, unit: 'ms', value })
        }
      }
    }
    await server.stop()
    await database.drop()
  },
}

/** What they are called in the report, and what is asked. */
async function pathsOf(url: string): Promise<Record<string, string>> {
  const first = async (path: string) => ((await json(`${url}${path}`)).data as { id: string }[])[0]!.id
  const endpoint = await first('/v1/endpoints?limit=1')
  const delivery = await first('/v1/deliveries?state=dead&limit=1')
  const event = await first('/v1/events?limit=1')
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()
  const deliveries = (query: string) => `/v1/deliveries?limit=50&${query}`
  const events = (query: string) => `/v1/events?limit=50&${query}`
  const series = (query: string) => `/v1/stats/series?${query}`
  const week = `since=${daysAgo(6.9)}&bucket=1h`
  return {
    'deliveries, newest': deliveries(''),
    'deliveries by state': deliveries('state=dead'),
    'deliveries, pending': deliveries('state=pending'),
    'deliveries by error': deliveries('error=timeout'),
    'deliveries by 5xx': deliveries('response_status=5xx'),
    'deliveries by 503': deliveries('response_status=503'),
    'deliveries by 418, none': deliveries('response_status=418'),
    'deliveries by type': deliveries('type=order.t7'),
    'deliveries by unknown type': deliveries('type=order.none'),
    'deliveries by tenant': deliveries('tenant=t7'),
    'deliveries by tenant and error': deliveries('tenant=t7&error=connection'),
    'deliveries by key': deliveries('key=orders/17'),
    'deliveries of a day': deliveries(`since=${daysAgo(4)}&until=${daysAgo(3)}`),
    'deliveries of a day by type and error': deliveries(
      `since=${daysAgo(4)}&until=${daysAgo(3)}&type=order.t3&error=timeout`,
    ),
    'deliveries of an endpoint': deliveries(`endpoint_id=${endpoint}`),
    'deliveries of an endpoint by 5xx': deliveries(`endpoint_id=${endpoint}&response_status=5xx`),
    'a delivery': `/v1/deliveries/${delivery}`,
    'events, newest': events(''),
    'events by type': events('type=order.t7'),
    'events by tenant': events('tenant=t7'),
    'events by key': events('key=orders/17'),
    'events of a day': events(`since=${daysAgo(4)}&until=${daysAgo(3)}`),
    'events by a value in data': events(`since=${daysAgo(2)}&data_path=rare&data_value=77777`),
    'events by actor, none': events(`since=${daysAgo(2)}&actor=nobody`),
    'an event': `/v1/events/${event}`,
    explain: `/v1/events/${event}/explain`,
    endpoints: '/v1/endpoints?limit=100',
    stats: '/v1/stats',
    'series, an hour': series(''),
    'series, a week': series(week),
    'series of a tenant, a week': series(`${week}&tenant=t7`),
    'series of an endpoint, a week': series(`${week}&endpoint_id=${endpoint}`),
    'page: now': '/console',
    'page: charts': '/console/charts',
    'page: endpoints': '/console/endpoints',
    'page: endpoint': `/console/endpoints/${endpoint}`,
    'page: deliveries': '/console/deliveries',
    'page: delivery': `/console/deliveries/${delivery}`,
    'page: events': '/console/events',
    'page: event': `/console/events/${event}`,
    'page: system': '/console/system',
  }
}

async function signIn(url: string): Promise<string> {
  const { statusCode, headers, body } = await request(`${url}/console/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: url },
    body: 'key=bench',
  })
  await body.dump()
  if (statusCode !== 303) throw new Trouble(`The console's sign-in was answered with ${statusCode}.`)
  return String(headers['set-cookie']).split(';')[0]!
}

/** How long the answer took, in milliseconds, to its last byte. */
async function get(url: string, cookie: string): Promise<number> {
  const start = monotonicMs()
  const { statusCode, body } = await request(url, { headers: { authorization: 'Bearer bench', cookie } })
  const text = await body.text()
  if (statusCode !== 200)
    throw new Trouble(`GET ${url} was answered with ${statusCode}: ${text.slice(0, 200)}`)
  return monotonicMs() - start
}

const json = async (url: string) =>
  (await (await request(url, { headers: { authorization: 'Bearer bench' } })).body.json()) as {
    data: unknown
  }
