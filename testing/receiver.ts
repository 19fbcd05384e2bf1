// A receiver for tests of what sends webhooks: a real HTTP server that verifies, records, and fails on demand.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type AnyEvent, verify } from '../receivers/verify.ts'
import { type Answer, answerWith, isSuccess } from './answer.ts'
import { type EventOfType, Journal, type ReceivedRequest, type ReceivedWebhook } from './journal.ts'
import type { Match } from './match.ts'

export interface TestReceiver<Events extends AnyEvent = AnyEvent> {
  /** `http://127.0.0.1:<port>/webhooks` */
  readonly url: string
  readonly webhooks: readonly ReceivedWebhook<Events>[]
  readonly requests: readonly ReceivedRequest[]
  /** The endpoint's secret, which is known only when this URL has been registered. Until then every request gets a 503. */
  verifyWith(secret: string | readonly string[]): void
  /**
   * The first webhook of this type whose data matches, come or yet to come. `match` is a part of the data, or a function.
   * Rejects after five seconds, unless told otherwise, with what came instead.
   */
  waitForWebhook<Type extends Events['type']>(
    type: Type,
    match?: Match<EventOfType<Events, Type>['data']>,
    options?: { readonly timeoutMs?: number },
  ): Promise<ReceivedWebhook<EventOfType<Events, Type>>>
  /** How the next genuine webhooks are answered, one after the other. Afterwards with a 204 again. */
  answerNext(...answers: Answer[]): void
  /** Forgets what has come. */
  forget(): void
  stop(): Promise<void>
}

export interface ReceiverOptions {
  readonly secret?: string | readonly string[]
  readonly port?: number
}

const defaultTimeoutMs = 5_000

export async function startReceiver<Events extends AnyEvent = AnyEvent>(
  options: ReceiverOptions = {},
): Promise<TestReceiver<Events>> {
  let secret = options.secret
  const journal = new Journal<Events>()
  const answers: Answer[] = []
  const server = createServer((request, response) => {
    receive(request, response, { secret, journal, answers }).catch(() => response.destroy())
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`,
    webhooks: journal.webhooks,
    requests: journal.requests,
    verifyWith(given) {
      secret = given
    },
    waitForWebhook: (type, match, { timeoutMs = defaultTimeoutMs } = {}) =>
      journal.waitFor(type, match, timeoutMs),
    answerNext(...next) {
      answers.push(...next)
    },
    forget() {
      journal.webhooks.length = 0
      journal.requests.length = 0
    },
    stop: () => close(server),
  }
}

interface State<Events extends AnyEvent> {
  readonly secret: string | readonly string[] | undefined
  readonly journal: Journal<Events>
  readonly answers: Answer[]
}

async function receive<Events extends AnyEvent>(
  request: IncomingMessage,
  response: ServerResponse,
  { secret, journal, answers }: State<Events>,
): Promise<void> {
  const { headers } = request
  const body = await buffer(request)
  const refuse = (status: number, problem: string) => {
    journal.addRequest({ webhookId: null, event: null, problem, answered: { status } })
    return answerWith({ status }, response)
  }
  if (secret === undefined) return refuse(503, 'verifyWith() had not been called')
  const verified = await verify<Events>({ headers, body }, secret)
  if (!verified.ok) return refuse(401, verified.message)
  const { event, webhookId, text } = verified
  const answered = answers.shift() ?? { status: 204 }
  journal.addRequest({ webhookId, event, problem: null, answered })
  const nth = journal.countOf(webhookId)
  await answerWith(answered, response)
  if (isSuccess(answered)) journal.addWebhook({ event, webhookId, headers, text, nth })
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
