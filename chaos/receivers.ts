// The receivers, in a process of their own: verifies every webhook, writes it down, then answers by habit.
// `/hooks/<name>` is a receiver; POST `/outage/<name>?ms=` lets one answer nothing for a while, POST `/stall?ms=` lets all
// of them answer only after that while, and after POST `/calm` all of them answer 200 at once.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { randomFrom } from '../dev/random.ts'
import { faultsOf } from '../test/support/verifier.ts'
import { Ledger } from './journal.ts'
import type { Request } from './records.ts'
import { type Actor, requestTimeoutSeconds } from './topology.ts'

export interface ReceiversConfig {
  port: number
  seed: number
  ledger: string
  actors: Actor[]
}

const config: ReceiversConfig = JSON.parse(process.env.CHAOS_RECEIVERS!)
const actors = new Map(config.actors.map(actor => [actor.name, actor]))
const outages = new Map<string, number>()
const ledger = new Ledger<Request>(config.ledger)
const random = randomFrom(config.seed)
let moment = 0
let isCalm = false
let stalledUntil = 0

const server = createServer((request, response) => {
  const url = new URL(request.url!, 'http://receivers')
  const [, kind, name = ''] = url.pathname.split('/')
  if (kind === 'outage') outages.set(name, Date.now() + Number(url.searchParams.get('ms')))
  if (kind === 'stall') stalledUntil = Date.now() + Number(url.searchParams.get('ms'))
  if (kind === 'calm') isCalm = true
  if (kind !== 'hooks') response.end()
  else receive(actors.get(name)!, request, response).catch(() => {}) // hung up in the middle of its request
})
server.requestTimeout = 0
server.listen(config.port, '127.0.0.1', () => console.log('ready'))

async function receive(actor: Actor, request: IncomingMessage, response: ServerResponse) {
  const body = await buffer(request)
  const came = { at: Date.now(), as: ++moment }
  const reaction = react(actor)
  await wait(reaction.afterMs + Math.max(0, stalledUntil - came.at))
  const answer = request.socket.destroyed ? 'unheard' : reaction.answer
  ledger.append(entry(actor, request, body, came, answer))
  if (typeof answer !== 'number') return void request.socket.resetAndDestroy()
  if (actor.habit !== 'cut' || answer !== 200) return void response.writeHead(answer).end()
  response.writeHead(200, { 'content-length': 100 }).write('half')
  // A reset that overtakes the status line would take it along.
  await wait(50)
  request.socket.resetAndDestroy()
}

function react({ name, habit }: Actor): { afterMs: number; answer: number | 'reset' } {
  if (isCalm) return { afterMs: 0, answer: 200 }
  if ((outages.get(name) ?? 0) > Date.now()) return { afterMs: 0, answer: 'reset' }
  switch (habit) {
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
  actor: Actor,
  request: IncomingMessage,
  body: Buffer,
  came: { at: number; as: number },
  answer: Request['answer'],
): Request {
  const { headers } = request
  const received = { method: request.method!, path: request.url!, headers, body, at: came.at, nth: 1 }
  const faults = faultsOf(received, actor.secret)
  const { data } = JSON.parse(body.toString())
  return {
    endpoint: actor.name,
    webhookId: String(headers['webhook-id']),
    attempt: Number(headers['outbox-attempt']),
    token: data.token ?? `orders/${data.order_id}`,
    key: data.key ?? null,
    version: data.version ?? 1,
    body: createHash('sha256').update(body).digest('base64url'),
    // Only the checker knows whose clock was wrong, and who was frozen between signing and sending.
    faults: faults.filter(fault => fault !== 'webhook-timestamp'),
    signedAt: Number(headers['webhook-timestamp']) * 1000,
    came: came.at,
    answered: Date.now(),
    cameAs: came.as,
    answeredAs: ++moment,
    answer,
  }
}
