// A listener as a child process. It is restarted when its code changes, and some time after it died.
import { join } from 'node:path'
import { type Child, startChild } from '../child.ts'
import type { Guard } from '../guard.ts'
import { isPortFree } from '../ports.ts'
import { say, Trouble } from '../say.ts'
import type { Settings } from '../settings.ts'
import { type LoggedAttempt, readAttempt } from './attempt-lines.ts'
import { inShort } from './log-line.ts'
import { whyNotReady } from './readiness.ts'

/** Long enough to see the cron function take over: it runs every minute. */
const RESTART_SECONDS = 90

/** A start that takes longer is explained. */
const SLOW_START_MS = 5_000

/** The same as in `npm run listener` and in the container: without it, the heap grows to several times of what is in use. */
export const smallHeap = ['--max-semi-space-size=16', '--heap-growing-percent=40']

interface Options {
  root: string
  number: number
  healthPort: number
  settings: Settings
  guard: Guard
  /** Gets each attempt in place of its line. */
  onAttempt?: (attempt: LoggedAttempt) => void
}

export class ListenerProcess {
  readonly #options: Options
  readonly #name: string
  #child: Child | undefined
  #lastLine = 'none'
  #later: NodeJS.Timeout | undefined
  /** Restarts run one after the other: files often change faster than a listener stops. */
  #turn = Promise.resolve()

  constructor(options: Options) {
    this.#options = options
    this.#name = `listener ${options.number}`
  }

  /** Resolves once it is ready. */
  async start(): Promise<void> {
    const child = this.#spawn()
    const begunAt = performance.now()
    let reason = await whyNotReady(this.#options.healthPort)
    for (let told = false; reason !== null; reason = await whyNotReady(this.#options.healthPort)) {
      if (this.#child !== child)
        throw new Trouble(`${this.#name} did not start. Its last line: ${this.#lastLine}`)
      if (!told && performance.now() - begunAt > SLOW_START_MS) {
        told = true
        say(this.#name, `is not ready yet: ${reason}`)
      }
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** Its code has changed. */
  restart(): void {
    this.#turn = this.#turn.then(() => this.stop()).then(() => void this.#spawn())
  }

  async stop(): Promise<void> {
    clearTimeout(this.#later)
    const child = this.#child
    this.#child = undefined // so that its end is not taken for a death
    await child?.stop()
  }

  #spawn(): Child {
    const { root, settings, healthPort, guard, onAttempt } = this.#options
    const child = startChild([...smallHeap, join(root, 'worker/main.ts')], {
      cwd: root,
      guard,
      env: { ...process.env, ...settings, OUTBOX_HEALTH_PORT: String(healthPort) },
      onLine: line => {
        this.#lastLine = inShort(line)
        const attempt = onAttempt ? readAttempt(line) : null
        if (attempt) return onAttempt!(attempt)
        say(this.#name, this.#lastLine)
      },
    })
    void child.ended.then(how => this.#child === child && this.#afterDeath(how))
    this.#child = child
    return child
  }

  #afterDeath(how: string): void {
    this.#child = undefined
    say(this.#name, `died (${how}). The cron function covers for it, at the next full minute.`)
    say(
      this.#name,
      `It starts again in ${RESTART_SECONDS} s, or when its code changes. To start one at once: npm run listener:dev`,
    )
    this.#startLater()
  }

  #startLater(): void {
    this.#later = setTimeout(async () => {
      // If the port is taken, one was started by hand.
      if (!(await isPortFree(this.#options.healthPort))) return this.#startLater()
      say(this.#name, 'starting again')
      this.restart()
    }, RESTART_SECONDS * 1000)
  }
}
