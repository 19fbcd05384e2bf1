// One line for each attempt, and one for each event before its first: what happened, to whom, and what happens next.
//
//   03:12:04.118  orders/7 → order.shipped        evt_…9f2           committed
//   03:12:04.124  dlv_…9f2…1 → notifications      200 in 4 ms        attempt 1   delivered, 6 ms after the commit
//   03:12:04.131  dlv_…9f2…3 → flaky              503 in 2 ms        attempt 1   retry in 5 s
//
// Listeners log ids. What these stand for is looked up, for many lines at once.
import pg from 'pg'
import { parseId } from '../../delivery/ids.ts'
import { duration, shortId, visible } from '../../functions/console/words.ts'

/** What a listener logs of an attempt (worker/observability/log.ts). */
export interface LoggedAttempt {
  readonly time: string
  readonly event: string
  readonly endpoint: string
  readonly delivery: string
  readonly type: string
  readonly attempt: number
  readonly outcome: string
  readonly status: number | null
  readonly duration_ms: number
  /** `retry`, or the state of the delivery now. */
  readonly decision: string
  readonly retry_in_seconds: number | null
}

export interface KnownEvent {
  readonly key: string | null
  readonly committedAt: Date
}

/** null: it is another line, to be shown as it is. */
export function readAttempt(line: string): LoggedAttempt | null {
  if (!line.startsWith('{')) return null
  try {
    const logged = JSON.parse(line)
    return logged.msg === 'attempt' && typeof logged.delivery === 'string' ? logged : null
  } catch {
    return null
  }
}

export function committedLine(event: string, type: string, { key, committedAt }: KnownEvent): string {
  const what = key === null ? type : `${visible(key).replaceAll(/\s+/g, ' ')} → ${type}`
  return `${clock(committedAt)}  ${what.padEnd(34)}  ${shortId(event).padEnd(18)} committed`
}

export function attemptLine(attempt: LoggedAttempt, endpoint: string, { committedAt }: KnownEvent): string {
  const { time, delivery, status, outcome, duration_ms: ms, attempt: number } = attempt
  const whom = `${shortId(delivery)} → ${endpoint}`
  const answer = `${status ?? outcome} in ${duration(ms / 1000)}`
  const next = whatIsNext(attempt, committedAt)
  return `${clock(new Date(time))}  ${whom.padEnd(34)}  ${answer.padEnd(18)} attempt ${String(number).padEnd(3)} ${next}`
}

function whatIsNext({ decision, time, retry_in_seconds: wait }: LoggedAttempt, committedAt: Date): string {
  if (decision === 'retry') return wait === null ? 'will retry' : `retry in ${duration(wait)}`
  if (decision !== 'delivered') return decision
  const seconds = Math.max(0, (Date.parse(time) - committedAt.getTime()) / 1000)
  return `delivered, ${duration(seconds)} after the commit`
}

const clock = (time: Date) => time.toISOString().slice(11, 23)

/** What people call it: its name, or where it is. */
export function endpointName(name: string | null, url: string): string {
  const { host, pathname } = new URL(url)
  return name ?? (pathname.split('/').at(-1) || host)
}

/** Lines that come together are looked up together. */
const gatherMs = 30
const maxRemembered = 10_000

export class AttemptLines {
  readonly #pool: pg.Pool
  readonly #print: (line: string) => void
  readonly #endpoints = new Map<string, string>()
  readonly #events = new Map<string, KnownEvent>()
  #waiting: LoggedAttempt[] = []
  /** Batches are printed in their order. */
  #turn = Promise.resolve()

  constructor(databaseUrl: string, print: (line: string) => void = console.log) {
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: 1, allowExitOnIdle: true })
    this.#pool.on('error', () => {}) // the next line opens another connection
    this.#print = print
  }

  add(attempt: LoggedAttempt): void {
    if (this.#waiting.push(attempt) > 1) return
    setTimeout(() => {
      const batch = this.#waiting
      this.#waiting = []
      this.#turn = this.#turn.then(() => this.#show(batch))
    }, gatherMs)
  }

  async stop(): Promise<void> {
    await this.#turn
    await this.#pool.end()
  }

  async #show(batch: readonly LoggedAttempt[]): Promise<void> {
    await Promise.all([this.#findEndpoints(batch), this.#findEvents(batch)]).catch(() => {}) // ids will do
    for (const attempt of batch) {
      const { event, endpoint, type, time } = attempt
      const found = this.#events.get(event) ?? { key: null, committedAt: new Date(time) }
      if (this.#isFirst(attempt)) this.#print(committedLine(event, type, found))
      this.#print(attemptLine(attempt, this.#endpoints.get(endpoint) ?? shortId(endpoint), found))
    }
  }

  readonly #announced = new Set<string>()

  #isFirst({ event, attempt }: LoggedAttempt): boolean {
    if (attempt > 1 || this.#announced.has(event)) return false
    if (this.#announced.size >= maxRemembered) this.#announced.clear()
    this.#announced.add(event)
    return true
  }

  async #findEndpoints(batch: readonly LoggedAttempt[]): Promise<void> {
    const ids = unknownOf(batch, 'endpoint', this.#endpoints)
    if (ids.length === 0) return
    const { rows } = await this.#pool.query(
      'select id::text, name, url from outbox.endpoints where id = any($1)',
      [ids.map(id => parseId('ep', id)!.id)],
    )
    const byRow = new Map(rows.map(({ id, name, url }) => [id, endpointName(name, url)]))
    for (const id of ids) {
      const name = byRow.get(String(parseId('ep', id)!.id))
      if (name !== undefined) this.#endpoints.set(id, name)
    }
  }

  async #findEvents(batch: readonly LoggedAttempt[]): Promise<void> {
    const ids = unknownOf(batch, 'event', this.#events)
    if (ids.length === 0) return
    if (this.#events.size >= maxRemembered) this.#events.clear()
    const { rows } = await this.#pool.query(
      'select id::text, key, occurred_at from outbox.events where id = any($1)',
      [ids.map(id => parseId('evt', id)!.id)],
    )
    const byRow = new Map(rows.map(({ id, key, occurred_at }) => [id, { key, committedAt: occurred_at }]))
    for (const id of ids) {
      const event = byRow.get(String(parseId('evt', id)!.id))
      if (event !== undefined) this.#events.set(id, event)
    }
  }
}

const unknownOf = (
  batch: readonly LoggedAttempt[],
  name: 'endpoint' | 'event',
  known: ReadonlyMap<string, unknown>,
): string[] => [...new Set(batch.map(attempt => attempt[name]))].filter(id => !known.has(id))
