// The loop of `outbox listen`: pulls what is due, takes it to the receiver, says what came of it, and pulls again. It survives
// a sleeping laptop, a network that is gone and a server that is deployed: nothing is kept here that is not kept there.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pulled } from '../../functions/pull/schema.ts'
import type { Answer } from '../api/answers.ts'
import type { ApiClient } from '../api/client.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Forward, forwardFor } from './forward.ts'
import { postTo, type Seen } from './post.ts'

type PulledNow = Answer<typeof Pulled>
export type Delivery = PulledNow['data'][number]

export interface TunnelPorts {
  readonly client: ApiClient
  /** Called after each attempt, once it is written down. */
  readonly onAttempt: (delivery: Delivery, seen: Seen, isSettled: boolean) => void
  readonly onBacklog: (count: number, oldestSeconds: number) => void
  readonly onTrouble: (message: string) => void
  readonly onRecovery: () => void
}

export interface TunnelOptions {
  readonly endpointId: string
  readonly holder: string
  readonly resumes: boolean
  readonly takeOver: boolean
  readonly concurrency: number
  readonly forwards: readonly Forward[]
}

const waitSeconds = 5
const retryWaitsMs = [250, 1_000, 2_000, 5_000, 10_000]
/** What may be leased longer than this is asked for anew: while this process slept, somebody else may have been given it. */
const maxLeaseAgeMs = 25_000
/** A wait that is worth a sentence. */
const backlogSeconds = 10

export class Tunnel {
  readonly #ports: TunnelPorts
  readonly #options: TunnelOptions
  readonly #stopping = new AbortController()
  #resume: boolean
  #takeOver: boolean
  #failures = 0
  #forwarding = 0
  /** That was said. */
  #isCatchingUp = false

  constructor(options: TunnelOptions, ports: TunnelPorts) {
    this.#options = options
    this.#ports = ports
    this.#resume = options.resumes
    this.#takeOver = options.takeOver
  }

  /** What is on its way to the receiver is finished and written down. */
  stop(): void {
    this.#stopping.abort()
  }

  get isForwarding(): boolean {
    return this.#forwarding > 0
  }

  async run(): Promise<void> {
    for (let isFirst = true; !this.#stopping.signal.aborted; isFirst = false) {
      // By the wall clock, which goes on while the machine sleeps: a lease is no older, however late its answer is read.
      const askedAt = Date.now()
      const pulled = await this.#pull(isFirst ? 0 : waitSeconds)
      if (pulled === null) continue
      const oldest = pulled.oldest_seconds ?? 0
      const count = pulled.data.length + pulled.waiting
      const isBehind = count > 1 && oldest > backlogSeconds && (isFirst || pulled.waiting > 0)
      if (isBehind && !this.#isCatchingUp) this.#ports.onBacklog(count, oldest)
      this.#isCatchingUp = isBehind
      await this.#forwardAll(pulled.data, askedAt)
      // While it is paused, the server does not wait.
      if (pulled.state === 'paused') await this.#pause(2_000)
    }
  }

  async #pull(wait: number): Promise<PulledNow | null> {
    const { endpointId, holder, concurrency } = this.#options
    const path = `/v1/endpoints/${endpointId}/pull`
    const resume = this.#resume
    // Unless an answer comes, what was leased is unknown.
    this.#resume = true
    try {
      const body = {
        holder,
        limit: concurrency * 5,
        wait_seconds: wait,
        take_over: this.#takeOver,
        resume,
      }
      const { signal } = this.#stopping
      const pulled = await this.#ports.client.postOnce<PulledNow>(path, body, { signal })
      this.#resume = false
      this.#takeOver = false
      if (this.#failures > 0) this.#ports.onRecovery()
      this.#failures = 0
      return pulled
    } catch (error) {
      await this.#waitOut(error)
      return null
    }
  }

  /** Whatever a server does while it is deployed passes; what it has decided does not. */
  async #waitOut(error: unknown): Promise<void> {
    if (!(error instanceof CommandError) || error.exitCode !== exitCodes.unreachable) throw error
    if (this.#stopping.signal.aborted) return
    if (this.#failures === 0) this.#ports.onTrouble(error.message)
    const waitMs = retryWaitsMs[Math.min(this.#failures, retryWaitsMs.length - 1)]!
    this.#failures++
    await this.#pause(waitMs)
  }

  async #forwardAll(deliveries: readonly Delivery[], askedAt: number): Promise<void> {
    const isOld = () => Date.now() - askedAt > maxLeaseAgeMs
    const queue = [...deliveries]
    const work = async () => {
      for (let next = queue.shift(); next && !this.#stopping.signal.aborted; next = queue.shift()) {
        if (isOld()) {
          queue.unshift(next)
          return
        }
        this.#forwarding++
        await this.#forward(next)
        this.#forwarding--
      }
    }
    await Promise.all(Array.from({ length: this.#options.concurrency }, work))
    // What was not sent is asked for again at once.
    if (queue.length > 0) this.#resume = true
  }

  async #forward(delivery: Delivery): Promise<void> {
    const forward = forwardFor(this.#options.forwards, delivery.type)
    const seen: Seen = forward
      ? await postTo(forward.url, delivery.request)
      : {
          status: null,
          error: 'connection',
          duration_ms: 0,
          response_body: 'outbox listen has no URL for this type',
        }
    this.#ports.onAttempt(delivery, seen, await this.#settle(delivery, seen))
  }

  /** Until it is written down or somebody else has the lease. False: it comes once more. */
  async #settle({ id, lease }: Delivery, seen: Seen): Promise<boolean> {
    for (;;) {
      try {
        await this.#ports.client.postOnce(`/v1/deliveries/${id}/settle`, { lease, ...seen })
        if (this.#failures > 0) this.#ports.onRecovery()
        this.#failures = 0
        return true
      } catch (error) {
        if (error instanceof CommandError && error.exitCode === exitCodes.refused) return false
        await this.#waitOut(error)
        if (this.#stopping.signal.aborted) return false
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, null, { signal: this.#stopping.signal }).catch(() => {})
  }
}
