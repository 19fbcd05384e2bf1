// What `outbox listen` prints: a line for each webhook; and what its keys do with the last one that failed.
import type { ApiClient } from '../api/client.ts'
import { openInBrowser } from '../browser.ts'
import type { Context } from '../globals.ts'
import { oneLine } from '../output.ts'
import type { Seen } from './post.ts'
import type { Delivery } from './tunnel.ts'

interface Failed {
  readonly delivery: Delivery
  readonly seen: Seen
}

export class Screen {
  readonly #context: Context
  readonly #client: ApiClient
  #failed: Failed | null = null

  constructor(context: Context, client: ApiClient) {
    this.#context = context
    this.#client = client
  }

  attempt(delivery: Delivery, seen: Seen, isSettled: boolean): void {
    const { out } = this.#context
    const { id, event_id, type, key, attempt } = delivery
    const { status, error, duration_ms } = seen
    out.result({ id, event_id, type, key, attempt, status, error, duration_ms, settled: isSettled }, [
      this.#line(delivery, seen),
    ])
    if (!isSettled) out.note('       its lease was over, so it may come once more')
    if (isSuccess(seen)) return
    this.#failed = { delivery, seen }
    if (process.stdin.isTTY) out.note('       [r]etry  [o]pen  [d]etail  [q]uit')
  }

  #line({ id, event_id, type, key, attempt }: Delivery, seen: Seen): string {
    const { out } = this.#context
    const outcome = String(seen.status ?? seen.error ?? '')
    const subject = key === null ? '-' : oneLine(key)
    if (!out.isTerminal)
      return [new Date().toISOString(), type, subject, outcome, seen.duration_ms, event_id, id].join('\t')
    const time = out.isUtc ? new Date().toISOString() : new Date().toTimeString().slice(0, 8)
    const shown = out.style(isSuccess(seen) ? 'green' : 'red', outcome)
    const which = attempt > 1 ? `, attempt ${attempt}` : ''
    return `${out.style('dim', time)}  ${type}  ${key === null ? '' : `${subject} `}→ ${shown} in ${seen.duration_ms} ms${which}  ${out.style('dim', event_id)}`
  }

  async retry(): Promise<void> {
    const failed = this.#last()
    if (!failed) return
    try {
      await this.#client.post(`/v1/deliveries/${failed.delivery.id}/redeliver`)
    } catch (error) {
      this.#context.out.note((error as Error).message)
    }
  }

  /** In the console, where it can be explained, sent elsewhere or given up. */
  open(): void {
    const { out, target } = this.#context
    const failed = this.#last()
    if (!failed) return
    const found = target()
    if (found.kind === 'database')
      out.note('nothing serves the console here: outbox serve does, and outbox explain needs none')
    else this.#show(`${found.url}/console/deliveries/${failed.delivery.id}`)
  }

  #show(url: string): void {
    this.#context.out.note(url)
    openInBrowser(url)
  }

  detail(): void {
    const failed = this.#last()
    if (!failed) return
    const { delivery, seen } = failed
    const lines = [
      `${delivery.id}, attempt ${delivery.attempt}`,
      ...delivery.request.body.split('\n'),
      `→ ${seen.status ?? seen.error}`,
      ...(seen.response_body ?? '').split('\n'),
    ]
    // Strangers wrote it.
    this.#context.out.note(lines.map(oneLine).join('\n'))
  }

  #last(): Failed | null {
    if (!this.#failed) this.#context.out.note('nothing has failed')
    return this.#failed
  }
}

const isSuccess = ({ status }: Seen) => status !== null && status >= 200 && status <= 299
