// The functions in plain Node: node:http around the app's own fetch.
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createOutbox } from '../../functions/app.ts'

const outbox = createOutbox()
const env = { ...process.env } as Record<string, string> // the same object each time: the settings are read once for each

const server = createServer(async (incoming, outgoing) => {
  const answer = await outbox.fetch(requestOf(incoming), env)
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
})
server.listen(0, '127.0.0.1', () => {
  console.log('listening')
  console.log(`on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

function requestOf(incoming: IncomingMessage): Request {
  const { method, url, headers, headersDistinct } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(`http://${headers.host}${url}`, {
    method: method!,
    headers: Object.entries(headersDistinct).flatMap(([name, values]) =>
      values!.map(value => [name, value] as [string, string]),
    ),
    ...(hasBody ? { body: Readable.toWeb(incoming) as unknown as ReadableStream, duplex: 'half' } : {}),
  })
}
