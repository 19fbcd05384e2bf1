// Ends the development system in order: what was started last ends first, once, and within three seconds.
import { say } from './say.ts'

const IMPATIENT_MS = 300
/** The watchdog takes up to a moment more, and all must be gone after three seconds. */
const LONGEST_MS = 2000

export class Shutdown {
  readonly #steps: (() => unknown)[] = []
  #running: Promise<void> | undefined

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Whoever starts something says here how it ends. */
  add(step: () => unknown): void {
    this.#steps.push(step)
    if (this.#running) void step() // it came up while everything else was going down
  }

  /** Ends the process; what is slower than that the watchdog ends. */
  async run(exitCode: number): Promise<never> {
    setTimeout(() => process.exit(exitCode), LONGEST_MS).unref()
    this.#running ??= this.#runSteps()
    await this.#running
    process.exit(exitCode)
  }

  async #runSteps(): Promise<void> {
    for (const step of [...this.#steps].reverse()) {
      try {
        await step()
      } catch (error) {
        say('stop', (error as Error).message)
      }
    }
  }

  /** Ctrl-C, `kill`, a closed terminal, a parent that is gone. */
  listen(): void {
    let first: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // One Ctrl-C may reach us twice, from the terminal and passed on; a person who asks again does not want to wait.
        if (first !== undefined && performance.now() - first > IMPATIENT_MS) process.exit(130)
        if (first === undefined) say('stop', 'stopping')
        first ??= performance.now()
        void this.run(0)
      })
    }
    const parent = process.ppid
    setInterval(() => process.ppid === parent || this.run(0), 250).unref()
    // A terminal that is gone takes our output with it; that is no reason to end in disorder.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
  }
}
