// The receivers, in a process of their own. Each request is verified, recorded in the journal, and then answered by the
// receiver's behavior.
//   /hooks/<name>              a receiver
//   POST /outage/<name>?ms=    this receiver resets every request for that time
//   POST /stall?ms=            all receivers answer only after that time
//   POST /recover              all receivers answer 200 at once from now on
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { randomFrom } from '../dev/random.ts'
import { faultsOf } from '../test/support/verifier.ts'
import { Journal } from './journal.ts'
import type { ReceivedRequest } from './records.ts'
import { type Receiver, requestTimeoutSeconds } from './topology.ts'

export interface ReceiversConfig {
  port: number
  seed: number
  /** Path of the journal. */
  journal: string
  receivers: Receiver[]
}

const config: ReceiversConfig = JSON.parse(process.env.CHAOS_RECEIVERS!)
const receivers = new Map(config.receivers.map(receiver => [receiver.name, receiver]))
const outages = new Map<string, number>()
const journal = new Journal<ReceivedRequest>(config.journal)
const random = randomFrom(config.seed)
let moment = 0
let recovered = false
let stalledUntil = 0

const server = createServer((request, response) => {
  const url = new URL(request.url!, 'http://receivers')
  const [, kind, name = ''] = url.pathname.split('/')
  if (kind === 'outage') outages.set(name, Date.now() + Number(url.searchParams.get('ms')))
  if (kind === 'stall') stalledUntil = Date.now() + Number(url.searchParams.get('ms'))
  if (kind === 'recover') recovered = true
  if (kind !== 'hooks') response.end()
  else receive(receivers.get(name)!, request, response).catch(() => {}) // the sender hung up in the middle of its request
})
server.requestTimeout = 0
server.listen({ port: config.port, host: '127.0.0.1', backlog: 4_096 }, () => console.log('ready'))

async function receive(receiver: Receiver, request: IncomingMessage, response: ServerResponse) {
  const body = await buffer(request)
  const came = { at: Date.now(), as: ++moment }
  const reaction = react(receiver)
  await wait(reaction.afterMs + Math.max(0, stalledUntil - came.at))
  const answer = request.socket.destroyed ? 'unheard' : reaction.answer
  journal.append(entry(receiver, request, body, came, answer))
  if (typeof answer !== 'number') return void request.socket.resetAndDestroy()
  if (receiver.behavior !== 'cut' || answer !== 200) return void response.writeHead(answer).end()
  response.writeHead(200, { 'content-length': 100 }).write('half')
  // A reset that overtakes the status line would discard it.
  await wait(50)
  request.socket.resetAndDestroy()
}

function react({ name, behavior }: Receiver): { afterMs: number; answer: number | 'reset' } {
  if (recovered) return { afterMs: 0, answer: 200 }
  if ((outages.get(name) ?? 0) > Date.now()) return { afterMs: 0, answer: 'reset' }
  switch (behavior) {
    case 'good':
    case 'cut':
      return { afterMs: 0, answer: 200 }
    case 'flaky': {
      const failure = random.pick([500, 503, 'reset'] as const, 1)[0]!
      return { afterMs: random.between(0, 20), answer: random.chance(0.3) ? failure : 200 }
    }
    case 'slow': {
      const tooSlow = random.chance(0.02)
      return { afterMs: tooSlow ? requestTimeoutSeconds * 2000 : random.between(100, 1000), answer: 200 }
    }
  }
}

function entry(
  receiver: Receiver,
  request: IncomingMessage,
  body: Buffer,
  came: { at: number; as: number },
  answer: ReceivedRequest['answer'],
): ReceivedRequest {
  const { headers } = request
  const received = { method: request.method!, path: request.url!, headers, body, at: came.at, nth: 1 }
  const errors = faultsOf(received, receiver.secret)
  const { data } = JSON.parse(body.toString())
  return {
    endpoint: receiver.name,
    webhookId: String(headers['webhook-id']),
    attempt: Number(headers['outbox-attempt']),
    token: data.token ?? `orders/${data.order_id}`,
    key: data.key ?? null,
    version: data.version ?? 1,
    body: createHash('sha256').update(body).digest('base64url'),
    // Timestamps are left to the checker: it knows which clocks were wrong, and which senders were frozen.
    verificationErrors: errors.filter(error => error !== 'webhook-timestamp'),
    signedAt: Number(headers['webhook-timestamp']) * 1000,
    came: came.at,
    answered: Date.now(),
    cameAs: came.as,
    answeredAs: ++moment,
    answer,
  }
}
