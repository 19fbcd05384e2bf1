// A listener that sleeps (sleep-rule.ts): while it is awake an ordinary one runs, asleep none does, and nothing is connected to
// the database.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Awake } from '../awake.ts'
import { sqlstate } from '../database.ts'
import type { Answering } from '../observability/health-port.ts'
import type { Log } from '../observability/log.ts'
import { type SleepCommand, type SleepEvent, SleepRule, type SleepTimes } from './sleep-rule.ts'

export interface SleepyPorts {
  /** Starts an ordinary listener. */
  readonly begin: () => Promise<Awake>
  /** Asked on a connection of its own: in how many milliseconds something is due; null = nothing waits. */
  readonly findDueInMs: () => Promise<number | null>
  /** Who answers on the health port from now on. */
  readonly show: (answering: Answering) => void
  readonly afterMs: number
  readonly times: SleepTimes
  readonly log: Log
}

const beginAgainMs = 5_000
const maxTimerMs = 2 ** 31 - 1

export class SleepyListener {
  readonly #ports: SleepyPorts
  readonly #rule: SleepRule
  #awake: Awake | null = null
  /** The one that has let go last: its counters stand as they stood then. */
  #last: Awake | null = null
  #doing: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #everyMoment: NodeJS.Timeout | undefined
  #isStopping = false
  #isClean = true
  #onEnded: () => void = () => {}
  /** An awake listener has stopped by itself. */
  readonly ended = new Promise<void>(resolve => {
    this.#onEnded = resolve
  })

  constructor(ports: SleepyPorts) {
    this.#ports = ports
    this.#rule = new SleepRule(ports.times)
  }

  /** It begins awake. Throws what keeps a listener from starting. */
  async start(): Promise<void> {
    await this.#begin()
    const lookMs = Math.min(1_000, this.#ports.afterMs / 4)
    this.#everyMoment = setInterval(() => {
      if (this.#awake !== null && this.#awake.quietMs() >= this.#ports.afterMs) this.#step({ name: 'quiet' })
    }, lookMs)
  }

  /** There may be something to send. */
  ring(): void {
    this.#step({ name: 'ring' })
  }

  /** While it looks it is not: what is written then may be found, and wake it. */
  get isAsleep(): boolean {
    return this.#rule.state.name === 'asleep'
  }

  /** null while it sleeps. */
  get awake(): Awake | null {
    return this.#awake
  }

  /** True = every attempt is recorded. */
  async stop(): Promise<boolean> {
    this.#isStopping = true
    clearInterval(this.#everyMoment)
    clearTimeout(this.#timer)
    await this.#doing
    return ((await this.#awake?.stop()) ?? true) && this.#isClean
  }

  #step(event: SleepEvent): void {
    const command = this.#rule.step(event, Date.now())
    if (command !== null && !this.#isStopping) this.#doing = this.#do(command)
  }

  async #do(command: NonNullable<SleepCommand>): Promise<void> {
    clearTimeout(this.#timer)
    if (command === 'start') await this.#begin().catch(error => this.#beginAgain(error))
    if (command === 'stop') await this.#letGo()
    if (command === 'look') await this.#look()
    if (command === 'wait') this.#wait()
  }

  async #begin(): Promise<void> {
    const awake = await this.#ports.begin()
    this.#awake = awake
    void awake.ended.then(() => {
      if (this.#rule.state.name === 'awake') this.#onEnded()
    })
    this.#step({ name: 'started' })
  }

  #beginAgain(error: unknown): void {
    this.#ports.log.error({ sqlstate: sqlstate(error) }, 'could not wake up, will try again')
    if (this.#isStopping) return
    this.#timer = setTimeout(() => {
      this.#doing = this.#do('start')
    }, beginAgainMs)
  }

  async #letGo(): Promise<void> {
    const awake = this.#awake!
    this.#isClean = (await awake.stop()) && this.#isClean
    this.#last = awake
    this.#awake = null
    this.#ports.show({ answer: (request, response) => void this.#answer(request, response) })
    this.#step({ name: 'stopped' })
  }

  async #look(): Promise<void> {
    const dueInMs = await this.#ports.findDueInMs().catch(error => {
      this.#ports.log.warn({ statement: 'next_due', sqlstate: sqlstate(error) }, 'will look again')
      return undefined
    })
    this.#step(dueInMs === undefined ? { name: 'look failed' } : { name: 'looked', dueInMs })
  }

  #wait(): void {
    const { state } = this.#rule
    if (state.name !== 'asleep') return
    const waitMs = Math.max(0, state.until - Date.now())
    this.#ports.log.info({ until: new Date(state.until).toISOString() }, 'asleep')
    this.#timer = setTimeout(() => this.#step({ name: 'time' }), Math.min(waitMs, maxTimerMs))
  }

  /** What is asked of a listener that sleeps. */
  async #answer({ url = '', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
      void response.writeHead(status, { 'content-type': type }).end(text)
    const path = url.split('?')[0]
    if (path === '/livez') return answer(200, 'alive\n')
    if (path === '/readyz') return answer(200, `ready, asleep${this.#until}\n`)
    if (path !== '/metrics') return answer(404, 'expected /livez, /readyz or /metrics\n')
    const { type, text } = await this.#last!.exposition(headers.accept)
    answer(200, text, type)
  }

  get #until(): string {
    const { state } = this.#rule
    return state.name === 'asleep'
      ? ` until ${new Date(state.until).toISOString()}, or until it is woken`
      : ''
  }
}
