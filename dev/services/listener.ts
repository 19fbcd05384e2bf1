// A listener: a child process, restarted when its code changes and some time after it died.
import { join } from 'node:path'
import { type Child, startChild } from '../child.ts'
import type { Guard } from '../guard.ts'
import { isPortFree } from '../ports.ts'
import { say, Trouble } from '../say.ts'
import type { Settings } from '../settings.ts'
import { inShort } from './log-line.ts'

/** Long enough to see the cron function take over, which fires every minute. */
const RESTART_SECONDS = 90

interface Options {
  root: string
  number: number
  healthPort: number
  settings: Settings
  guard: Guard
}

export class Listener {
  readonly #options: Options
  readonly #name: string
  #child: Child | undefined
  #restart: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.#options = options
    this.#name = `listener ${options.number}`
  }

  /** Resolves when it is ready to work. */
  async start(): Promise<void> {
    const child = this.#spawn()
    const died = child.ended.then(how => {
      throw new Trouble(`${this.#name} did not start (${how}).`)
    })
    died.catch(() => {})
    await Promise.race([this.#untilReady(), died])
    void child.ended.then(how => this.#afterDeath(child, how))
  }

  /** Its code has changed. */
  async restart(): Promise<void> {
    await this.stop()
    const child = this.#spawn()
    void child.ended.then(how => this.#afterDeath(child, how))
  }

  async stop(): Promise<void> {
    clearTimeout(this.#restart)
    const child = this.#child
    this.#child = undefined // so that its end is no surprise
    await child?.stop()
  }

  #spawn(): Child {
    const { root, settings, healthPort, guard } = this.#options
    this.#child = startChild([join(root, 'worker/main.ts')], {
      cwd: root,
      guard,
      env: { ...process.env, ...settings, OUTBOX_HEALTH_PORT: String(healthPort) },
      onLine: line => say(this.#name, inShort(line)),
    })
    return this.#child
  }

  async #untilReady(): Promise<void> {
    const url = `http://127.0.0.1:${this.#options.healthPort}/readyz`
    while (!(await fetch(url).catch(() => null))?.ok) await new Promise(resolve => setTimeout(resolve, 20))
  }

  #afterDeath(child: Child, how: string): void {
    if (this.#child !== child) return // we ended it ourselves
    this.#child = undefined
    say(this.#name, `died (${how}). The cron function covers for it, at the next full minute.`)
    say(this.#name, `It starts again in ${RESTART_SECONDS} s. To start one at once: npm run listener:dev`)
    this.#startLater()
  }

  #startLater(): void {
    this.#restart = setTimeout(async () => {
      if (await isPortFree(this.#options.healthPort)) {
        say(this.#name, 'starting again')
        await this.restart()
      } else {
        this.#startLater() // somebody has started one by hand
      }
    }, RESTART_SECONDS * 1000)
  }
}
