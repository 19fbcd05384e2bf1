// One listener as a container would run it: a process that can be killed and frozen, behind a network link of its own.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from '../dev/child.ts'
import type { Guard } from '../dev/guard.ts'
import type { Link } from './link.ts'

interface Options {
  name: string
  link: Link
  databaseUrl: string
  settings: Record<string, string>
  guard: Guard
  logFile: string
  onAttempt(attempt: LoggedAttempt): void
}

/** What its log says of each attempt. */
export interface LoggedAttempt {
  event: string
  endpoint: string
  attempt: number
}

const root = join(import.meta.dirname, '..')
/** Longer than its longest request and what it may need to write it down. */
const graceMs = 15_000

export class Replica {
  readonly name: string
  readonly link: Link
  readonly #options: Options
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

  /** Also after it gave up by itself, as a container is. */
  restart(): void {
    this.#child = this.#spawn()
  }

  freeze(): void {
    this.#child.signal('SIGSTOP')
  }

  thaw(): void {
    this.#child.signal('SIGCONT')
  }

  /** As a deployment does it. Returns how it ended: `exit code 0` when everything is in the books. */
  async stop(): Promise<string> {
    this.thaw()
    await this.#child.stop(graceMs)
    return this.#child.ended
  }

  #spawn(): Child {
    const { databaseUrl, link, settings, guard, logFile, onAttempt } = this.#options
    const url = new URL(databaseUrl)
    url.port = String(link.port)
    return startChild([join(root, 'worker/main.ts')], {
      cwd: root,
      guard,
      env: { PATH: process.env.PATH, ...settings, DATABASE_URL_UNPOOLED: url.href },
      onLine(line) {
        if (line.endsWith('"msg":"attempt"}')) onAttempt(JSON.parse(line))
        else appendFileSync(logFile, `${line}\n`)
      },
    })
  }
}
