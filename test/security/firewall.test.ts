// Receivers' firewalls: requests of both senders meet what common rule sets demand, and are alike.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { firewallComplaints, headerNames } from '../support/firewall.ts'
import { addEndpoint, startTestListener } from '../support/outbox.ts'
import { ok, startRawReceiver } from '../support/raw-receiver.ts'

const receiversPage = readFileSync(join(import.meta.dirname, '../../docs/receivers.md'), 'utf8')

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** The requests of one event with a context and one without, once by the cron function and once by the listener. */
async function requestsOfBothSenders() {
  const api = await startApi()
  const receiver = await startRawReceiver(socket => socket.write(ok()))
  // By name: the rule against addresses in the host header can only be met by the endpoint's URL.
  await addEndpoint(api.db, { url: `http://localhost:${receiver.port}/hooks?from=outbox` })
  const emitTwice = async () => {
    await api.db.query(`select outbox.emit('test.happened', '{"n": 1}')`)
    await api.db.query('begin')
    await api.db.query(
      `select set_config('outbox.actor', 'Ann', true), set_config('outbox.traceparent', $1, true)`,
      [trace],
    )
    await api.db.query(`select outbox.emit('test.happened', '{"n": 2}')`)
    await api.db.query('commit')
  }
  await emitTwice()
  await api.worker.scheduled()
  const byCron = receiver.requests.splice(0)
  await startTestListener(api.database.url)
  await emitTwice()
  await eventually(() => receiver.requests.length === 2)
  return { byCron, byListener: receiver.requests }
}

test('requests of the listener and of the cron function meet every demand, and have the same headers', async () => {
  const { byCron, byListener } = await requestsOfBothSenders()
  for (const requests of [byCron, byListener]) {
    expect(requests).toHaveLength(2)
    expect(requests.flatMap(firewallComplaints)).toEqual([])
  }
  // `connection` is up to the HTTP client, `cf-worker` is added by Cloudflare.
  const names = (request: string) =>
    headerNames(request)
      .filter(name => !['connection', 'cf-worker'].includes(name))
      .sort()
  const byLength = (a: string[], b: string[]) => a.length - b.length
  const [withoutContext, withContext] = byCron.map(names).sort(byLength)
  expect(byListener.map(names).sort(byLength)).toEqual([withoutContext, withContext])
  expect(withContext).toEqual(expect.arrayContaining(['outbox-actor', 'traceparent']))

  // The page for receivers shows a request without context, and explains each header.
  const shown = /```http\n([\s\S]*?)\n```/.exec(receiversPage)![1]!
  expect(names(shown.replaceAll('\n', '\r\n'))).toEqual(withoutContext)
  for (const name of withContext!) expect(receiversPage).toContain(`\`${name}\``)
})

const good = [
  'POST /hooks?from=outbox HTTP/1.1',
  'Host: receiver.example',
  'Accept: */*',
  'User-Agent: Outbox/0.1.0',
  'Content-Type: application/json',
  'Content-Length: 2',
  'Connection: keep-alive',
  'Accept-Encoding: identity',
]
const without = (name: string) => good.filter(line => !line.startsWith(`${name}:`))
const replacing = (line: string) => [...without(line.split(':')[0]!), line]

test.each<[string, string[]]>([
  ['920100', good.with(0, 'POST hooks HTTP/1.1')],
  ['920100', good.with(0, 'POST /hooks#here HTTP/1.1')],
  ['920160', replacing('Content-Length: two')],
  ['920180', without('Content-Length')],
  ['920181', replacing('Transfer-Encoding: chunked')],
  ['920210', replacing('Connection: keep-alive, close')],
  ['920272', replacing('X-Name: Zoë')],
  ['920274', replacing('X-Name: (a)')],
  ['920280', without('Host')],
  ['920290', replacing('Host:')],
  ['920300', without('Accept')],
  ['920310', replacing('Accept:')],
  ['920320', without('User-Agent')],
  ['920330', replacing('User-Agent:')],
  ['920340', without('Content-Type')],
  ['920350', replacing('Host: 192.0.2.1:8080')],
  ['920350', replacing('Host: [2001:db8::1]')],
  ['920420', replacing('Content-Type: application/x-shockwave')],
  ['920450', replacing('Expect: 100-continue')],
  ['920451', replacing('Accept-Charset: utf-8')],
  ['920521', replacing('Accept-Encoding: rot13')],
  ['920600', replacing('Accept: json')],
  ['920620', [...good, 'Content-Type: text/plain']],
])('a request that breaks rule %s is found: the test above would see it', (rule, lines) => {
  expect(firewallComplaints(good.join('\r\n'))).toEqual([])
  const complaints = firewallComplaints(`${lines.join('\r\n')}\r\n\r\n{}`)
  expect(complaints.filter(complaint => complaint.includes(rule))).toHaveLength(1)
})
