// One listener as a container would run it: a process that can be killed and frozen, behind its own network link.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from '../dev/child.ts'
import type { Guard } from '../dev/guard.ts'
import type { Link } from './link.ts'
import { wrongClock } from './skewed-clock.ts'

interface Options {
  name: string
  link: Link
  databaseUrl: string
  settings: Record<string, string>
  guard: Guard
  logFile: string
  onAttempt(attempt: LoggedAttempt): void
  /** The root of its source: the repository, or a copy with a mutation (mutations.ts). */
  program: string
}

/** One attempt as its log has it. */
export interface LoggedAttempt {
  event: string
  endpoint: string
  attempt: number
}

/** Longer than its longest request and the time to record the outcome. */
const graceMs = 15_000

export class ListenerProcess {
  readonly name: string
  readonly link: Link
  /** How far its clock is off after its next start. */
  skewMs = 0
  readonly #options: Options
  readonly #attempts: number[] = []
  #child: Child

  constructor(options: Options) {
    this.#options = options
    this.name = options.name
    this.link = options.link
    this.#child = this.#spawn()
  }

  async kill(): Promise<void> {
    this.#child.signal('SIGKILL')
    await this.#child.ended
  }

  /** Also after the process has exited by itself, as a container runtime does. A process that another fault has started meanwhile is killed. */
  restart(): void {
    this.#child.signal('SIGKILL')
    this.#child = this.#spawn()
  }

  freeze(): void {
    this.#child.signal('SIGSTOP')
  }

  resume(): void {
    this.#child.signal('SIGCONT')
  }

  /** Attempts logged in the last two seconds. */
  get recentAttempts(): number {
    while (this.#attempts[0]! < Date.now() - 2_000) this.#attempts.shift()
    return this.#attempts.length
  }

  /** Stops it as a deployment does. Returns how it ended: `exit code 0` when every outcome is recorded. */
  async stop(): Promise<string> {
    this.resume()
    await this.#child.stop(graceMs)
    return this.#child.ended
  }

  #spawn(): Child {
    const { databaseUrl, link, settings, guard, logFile, program } = this.#options
    const url = new URL(databaseUrl)
    url.port = String(link.port)
    const clock = this.skewMs === 0 ? {} : wrongClock({ offSeconds: this.skewMs / 1000 })
    return startChild([join(program, 'worker/main.ts')], {
      cwd: program,
      guard,
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        ...settings,
        ...clock,
        DATABASE_URL_UNPOOLED: url.href,
      },
      onLine: line => {
        if (line.endsWith('"msg":"attempt"}')) this.#note(JSON.parse(line))
        else appendFileSync(logFile, `${line}\n`)
      },
    })
  }

  #note(attempt: LoggedAttempt): void {
    this.#attempts.push(Date.now())
    this.#options.onAttempt(attempt)
  }
}
