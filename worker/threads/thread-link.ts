// One sending thread, as the main thread sees it: what it was handed, what it has answered, and whether it lives.
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { EndpointId, Leased } from '../../delivery/types.ts'
import type { DeliverCallbacks } from '../send/delivering.ts'
import {
  type Answer,
  type FromThread,
  type HandedDelivery,
  type HandedEndpoint,
  handedEndpoint,
  machineMs,
  type ThreadStart,
  type ToThread,
} from './messages.ts'

/** When there are more, the thread forgets all of them. */
const maxEndpoints = 20_000
/** Source and package are laid out alike. */
const program = join(import.meta.dirname, `sending-thread${extname(import.meta.filename)}`)

/** Why an attempt has no outcome: the thread that made it is gone. */
class ThreadEnded extends Error {
  override readonly name = 'ThreadEnded'
}

export interface ThreadLinkPorts {
  /** From 1, for people. */
  readonly number: number
  readonly settings: ThreadStart['settings']
  readonly clock: () => number
  /** An attempt at this endpoint is over, in whatever way. */
  readonly onOver: (endpointId: EndpointId) => void
  /** It has ended, and nobody asked for that. Called once. */
  readonly onEnded: (error: unknown) => void
}

interface UnderWay {
  readonly endpointId: EndpointId
  readonly callbacks: DeliverCallbacks
}

export class ThreadLink {
  readonly #ports: ThreadLinkPorts
  readonly #worker: Worker
  readonly #underWay = new Map<number, UnderWay>()
  /** The endpoints that it has, each version with its number. */
  readonly #known = new Map<Endpoint, number>()
  #numbers = 0
  #deliveries: HandedDelivery[] = []
  #endpoints: HandedEndpoint[] = []
  #forgetsEndpoints = false
  #isOver = false
  #error: unknown = new ThreadEnded()

  constructor(ports: ThreadLinkPorts) {
    const { number, settings, clock } = ports
    this.#ports = ports
    const start: ThreadStart = { settings, clockOffsetMs: clock() - machineMs() }
    this.#worker = new Worker(program, { name: `outbox-sending-${number}`, workerData: start })
    this.#worker
      .on('message', (message: FromThread) => this.#receive(message))
      .on('error', error => {
        this.#error = error
      })
      // Comes last: by then everything that the thread has said is received.
      .on('exit', () => this.#end())
  }

  /** Rejects if it ends before. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#worker.once('message', () => resolve())
      this.#worker.once('exit', () => reject(this.#error))
    })
  }

  get number(): number {
    return this.#ports.number
  }

  /** For how many milliseconds it has been busy, since its start. */
  get busyMs(): number {
    return this.#worker.performance.eventLoopUtilization().active
  }

  hand(delivery: Leased, endpoint: Endpoint, callbacks: DeliverCallbacks): void {
    const endpointNumber = this.#numberOf(endpoint)
    const number = ++this.#numbers
    this.#underWay.set(number, { endpointId: endpoint.id, callbacks })
    // All of one turn of the event loop go together.
    if (this.#deliveries.push({ number, endpointNumber, delivery }) === 1) queueMicrotask(() => this.#flush())
  }

  /** Whether it does not answer in time. It answers after everything that it was told before. */
  isStuck(timeoutMs: number): Promise<boolean> {
    return new Promise(resolve => {
      const conclude = (isStuck: boolean) => {
        clearTimeout(timer)
        this.#worker.off('message', onMessage)
        resolve(isStuck)
      }
      const onMessage = (message: FromThread) => {
        if (message === 'pong') conclude(false)
      }
      const timer = setTimeout(() => conclude(true), timeoutMs)
      this.#worker.on('message', onMessage)
      this.#post('ping')
    })
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#worker.terminate()
  }

  #numberOf(endpoint: Endpoint): number {
    const known = this.#known.get(endpoint)
    if (known !== undefined) return known
    if (this.#known.size >= maxEndpoints) this.#forgetEndpoints()
    const number = ++this.#numbers
    this.#known.set(endpoint, number)
    this.#endpoints.push(handedEndpoint(number, endpoint))
    return number
  }

  #forgetEndpoints(): void {
    this.#flush() // what waits still needs them
    this.#known.clear()
    this.#forgetsEndpoints = true
  }

  #flush(): void {
    if (this.#deliveries.length === 0) return
    const deliveries = this.#deliveries
    this.#deliveries = []
    if (this.#isOver) {
      this.#giveBack(deliveries)
      return
    }
    this.#post({
      handedAt: this.#ports.clock(),
      forgetsEndpoints: this.#forgetsEndpoints,
      endpoints: this.#endpoints,
      deliveries,
    })
    this.#endpoints = []
    this.#forgetsEndpoints = false
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromThread): void {
    if (typeof message === 'string' || this.#isOver) return
    for (const answer of message) this.#conclude(answer)
  }

  #conclude(answer: Answer): void {
    const { onSettlement, onError, onUnsent } = this.#takeOut(answer.number)
    if ('settlement' in answer) onSettlement(answer.settlement)
    else if ('thrown' in answer) onError(Object.assign(new Error(), { name: answer.thrown }))
    else onUnsent()
  }

  #takeOut(number: number): DeliverCallbacks {
    const { endpointId, callbacks } = this.#underWay.get(number)!
    this.#underWay.delete(number)
    this.#ports.onOver(endpointId)
    return callbacks
  }

  /** The thread ended before it got them. */
  #giveBack(deliveries: readonly HandedDelivery[]): void {
    for (const { number } of deliveries) this.#conclude({ number, isUnsent: true })
  }

  /** What it had under way has no outcome. */
  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#ports.onEnded(this.#error)
    const waiting = new Set(this.#deliveries.map(({ number }) => number))
    for (const number of [...this.#underWay.keys()])
      if (!waiting.has(number)) this.#takeOut(number).onError(new ThreadEnded())
  }
}
