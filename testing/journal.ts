// What a test receiver has got, and who waits for more.
import type { AnyEvent } from '../receivers/verify.ts'
import type { Answer } from './answer.ts'
import { type Match, matches, whatCame } from './match.ts'

/** A webhook that was genuine, and was answered with a 2xx. */
export interface ReceivedWebhook<Event extends AnyEvent = AnyEvent> {
  readonly event: Event
  readonly webhookId: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The body as it came. */
  readonly text: string
  /** How many genuine requests with this webhook-id have come, with this one: 1 unless it is a repeat. */
  readonly nth: number
}

/** Every request, also one that was refused or failed on demand. */
export interface ReceivedRequest {
  readonly webhookId: string | null
  /** null unless the request was genuine. */
  readonly event: AnyEvent | null
  /** What verify() says of a request that was refused. */
  readonly problem: string | null
  readonly answered: Answer
}

export type EventOfType<Events extends AnyEvent, Type extends Events['type']> = string extends Events['type']
  ? Events
  : Extract<Events, { type: Type }>

export class Journal<Events extends AnyEvent> {
  readonly webhooks: ReceivedWebhook<Events>[] = []
  readonly requests: ReceivedRequest[] = []
  readonly #waiting = new Set<() => void>()

  countOf(webhookId: string): number {
    return this.requests.filter(({ event, webhookId: other }) => event && other === webhookId).length
  }

  addRequest(request: ReceivedRequest): void {
    this.requests.push(request)
  }

  addWebhook(webhook: ReceivedWebhook<Events>): void {
    this.webhooks.push(webhook)
    for (const look of this.#waiting) look()
  }

  waitFor<Type extends Events['type']>(
    type: Type,
    match: Match<EventOfType<Events, Type>['data']> | undefined,
    timeoutMs: number,
  ): Promise<ReceivedWebhook<EventOfType<Events, Type>>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look)
        reject(this.#notInTime(type, match, timeoutMs))
      }, timeoutMs)
      const look = () => {
        const found = this.webhooks.find(({ event }) => event.type === type && matches(match, event.data))
        if (!found) return
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(found as ReceivedWebhook<EventOfType<Events, Type>>)
      }
      this.#waiting.add(look)
      look()
    })
  }

  #notInTime(type: string, match: unknown, timeoutMs: number): Error {
    const wanted = typeof match === 'object' ? ` with ${JSON.stringify(match)}` : match ? ' that matches' : ''
    const came = whatCame(this.requests.map(describe))
    return new Error(`no webhook ${type}${wanted} came within ${timeoutMs} ms. ${came}`)
  }
}

function describe({ event, problem, answered }: ReceivedRequest): string {
  if (!event) return `a request that was refused: ${problem}`
  const answer = typeof answered === 'string' ? answered : `status ${answered.status}`
  return `${event.type} ${JSON.stringify(event.data).slice(0, 200)}, answered with ${answer}`
}
