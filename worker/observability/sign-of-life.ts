// Writes down from time to time that this listener is alive: GET /v1/listeners and the alarms ask for it. A row of its own, so
// no two listeners wait for each other.
import { version } from '../../delivery/version.ts'
import { forgetListener, noteListener } from '../../drizzle/queries.gen.ts'
import type { Run } from '../../drizzle/run.ts'

export interface SignOfLifePorts {
  readonly run: Run
  readonly name: string
  readonly everyMs: number
  readonly state: () => { awake: boolean; inFlight: number }
  /** The database answers, as far as is known. */
  readonly isReachable: () => boolean
}

export class SignOfLife {
  readonly #ports: SignOfLifePorts
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(ports: SignOfLifePorts) {
    this.#ports = ports
  }

  start(): void {
    this.#write()
    this.#timer = setInterval(() => this.#write(), this.#ports.everyMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const { run, name, isReachable } = this.#ports
    // Otherwise a stop would wait for a dead link. The row says "silent" then, and so it is.
    if (!isReachable()) return
    await this.#writing
    await forgetListener(run, { name }).catch(() => {})
  }

  #write(): void {
    const { run, name, state } = this.#ports
    // If it fails, the listener looks silent. Why that is, its other statements say.
    this.#writing = noteListener(run, { name, version, ...state() }).catch(() => {})
  }
}
