// One listener as a container would run it: a process that can be killed and frozen, behind a network link of its own.
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
  /** Where its program is: the repository, or a copy with a bug (bugs.ts). */
  program: string
}

/** What its log says of each attempt. */
export interface LoggedAttempt {
  event: string
  endpoint: string
  attempt: number
}

/** Longer than its longest request and what it may need to write it down. */
const graceMs = 15_000

export class Listener {
  readonly name: string
  readonly link: Link
  /** How far its clock is off, from its next start on. */
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

  /** Also after it gave up by itself, as a container is. What another fault has started meanwhile is killed. */
  restart(): void {
    this.#child.signal('SIGKILL')
    this.#child = this.#spawn()
  }

  freeze(): void {
    this.#child.signal('SIGSTOP')
  }

  thaw(): void {
    this.#child.signal('SIGCONT')
  }

  /** Attempts it has logged in the last two seconds. */
  get busy(): number {
    while (this.#attempts[0]! < Date.now() - 2_000) this.#attempts.shift()
    return this.#attempts.length
  }

  /** As a deployment does it. Returns how it ended: `exit code 0` when everything is in the books. */
  async stop(): Promise<string> {
    this.thaw()
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
      env: { PATH: process.env.PATH, ...settings, ...clock, DATABASE_URL_UNPOOLED: url.href },
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
