// The receiver, a process of its own, as cheap as a receiver can be. It does not trust the senders: it counts distinct
// webhooks, checks a sample of the signatures, and records when each webhook came.
import { createServer, type Socket } from 'node:net'
import { verify } from '../delivery/verify.ts'
import { monotonicMs } from './clock.ts'

/** One signature in 50 is checked: checking all would make the receiver the bottleneck. */
const sampleEvery = 50
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

const secret = process.env.BENCH_SECRET!
const distinct = new Set<string>()
let received = 0
let verified = 0
let refused = 0
let concurrent = 0
let maxConcurrent = 0
/** By event: one arrival for each endpoint of the event. */
let arrivals: number[][] = []
let waiting: { count: number; answer: () => void }[] = []

const server = createServer(socket => {
  socket.setNoDelay(true)
  socket.on('error', () => {}) // the sender was killed
  readRequests(socket, answer)
})
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', 4096, () => console.log('ready'))

async function answer(socket: Socket, path: string, head: string, body: string): Promise<void> {
  if (path.startsWith('/control/')) return control(socket, path)
  const webhook = `${path} ${headerOf(head, 'webhook-id')}`
  const n = Number(/"n": ?(\d+)/.exec(body)?.[1] ?? -1)
  if (n >= 0 && !distinct.has(webhook)) {
    arrivals[n] ??= []
    arrivals[n].push(monotonicMs())
  }
  if (path.startsWith('/never/')) return
  if (++received % sampleEvery === 0) await check(head, body)
  distinct.add(webhook)
  if (path.startsWith('/slow/')) await waitAMoment()
  if (path.startsWith('/late/')) await new Promise(resolve => setTimeout(resolve, 3_000))
  socket.write(ok)
  const done = waiting.filter(({ count }) => distinct.size >= count)
  if (done.length === 0) return
  waiting = waiting.filter(({ count }) => distinct.size < count)
  for (const waiter of done) waiter.answer()
}

/** 50 ms, like a receiver far away. */
async function waitAMoment() {
  maxConcurrent = Math.max(maxConcurrent, ++concurrent)
  await new Promise(resolve => setTimeout(resolve, 50))
  concurrent--
}

function control(socket: Socket, path: string): void {
  const [, , command, argument] = path.split('/')
  if (command === 'until') {
    const count = Number(argument)
    if (distinct.size >= count) reply(socket, {})
    else waiting.push({ count, answer: () => reply(socket, {}) })
  } else if (command === 'stats') {
    reply(socket, { received, distinct: distinct.size, verified, refused, maxConcurrent })
  } else if (command === 'arrivals') {
    reply(socket, arrivals)
  } else {
    distinct.clear()
    received = verified = refused = maxConcurrent = 0
    arrivals = []
    reply(socket, {})
  }
}

function reply(socket: Socket, value: object): void {
  const body = JSON.stringify(value)
  socket.write(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
}

async function check(head: string, body: string): Promise<void> {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
  const headers = new Headers(names.map(name => [name, headerOf(head, name)]))
  const { ok } = await verify(headers, Buffer.from(body, 'latin1'), [secret], Date.now() / 1000)
  if (ok) verified++
  else refused++
}

function headerOf(head: string, name: string): string {
  const at = head.indexOf(`\r\n${name}: `)
  return at < 0 ? '' : head.slice(at + name.length + 4, head.indexOf('\r\n', at + 2))
}

/** Just enough HTTP for undici and workerd: lower-case header names and a content-length. */
function readRequests(
  socket: Socket,
  onRequest: (socket: Socket, path: string, head: string, body: string) => void,
): void {
  let text = ''
  socket.setEncoding('latin1').on('data', chunk => {
    text += chunk
    for (;;) {
      const headEnd = text.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const head = text.slice(0, headEnd + 2)
      const end = headEnd + 4 + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (text.length < end) return
      onRequest(
        socket,
        head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/')),
        head,
        text.slice(headEnd + 4, end),
      )
      text = text.slice(end)
    }
  })
}
