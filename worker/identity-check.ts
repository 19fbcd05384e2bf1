// Keeps this listener from sending out of a copy (drizzle/identity.ts): each of its connections asks before it is used. While
// it is held it opens connections again and again, and so goes on by itself as soon as somebody has adopted the database or
// vouched for it.
import { type Asking, findHold, type HeldReason, heldSentences } from '../drizzle/identity.ts'
import type { Run } from '../drizzle/run.ts'
import type { Log } from './observability/log.ts'

const held = 'HELD'

export class HeldError extends Error {
  readonly code = held
}

/** It is logged once, where it begins: what fails because of it need not say so again. */
export const isHeld = (error: unknown): boolean => error instanceof HeldError

export class IdentityCheck {
  readonly #asking: Asking
  readonly #log: Log
  #reason: HeldReason | null = null

  constructor(asking: Asking, log: Log) {
    this.#asking = asking
    this.#log = log
  }

  /** Why nothing is sent; null = nothing keeps this listener from it. */
  get trouble(): string | null {
    return this.#reason && heldSentences[this.#reason]
  }

  /** Throws a HeldError. Where it passes, the database has also heard that this sender vouches for those who ask. */
  async pass(run: Run): Promise<void> {
    const reason = await findHold(run, this.#asking)
    const before = this.#reason
    this.#reason = reason
    if (reason !== null) {
      if (reason !== before) this.#log.error({ address: this.#asking.address }, heldSentences[reason])
      throw new HeldError(heldSentences[reason])
    }
    if (before !== null) this.#log.info('no longer held')
  }
}
