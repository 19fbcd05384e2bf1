// Ends the development system once, within three seconds, in the reverse order of its start.
import { say } from './say.ts'

const SECOND_CTRL_C_MS = 300
/** Leaves a second for the watchdog: every process must have ended after three seconds. */
const MAX_MS = 2000

export class Shutdown {
  readonly #steps: (() => unknown)[] = []
  #running: Promise<void> | undefined

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Adds a step. Steps run in reverse order. */
  add(step: () => unknown): void {
    this.#steps.push(step)
    if (this.#running) void step() // it was started during the shutdown
  }

  /** Ends the process after MAX_MS at the latest; then the watchdog ends the children. */
  async run(exitCode: number): Promise<never> {
    setTimeout(() => process.exit(exitCode), MAX_MS).unref()
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

  /** Runs the steps on Ctrl-C, on `kill`, when the terminal is closed, and when the parent has ended. */
  listen(): void {
    let first: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // One Ctrl-C may arrive twice: from the terminal, and passed on by the parent. A later one means: exit at once.
        if (first !== undefined && performance.now() - first > SECOND_CTRL_C_MS) process.exit(130)
        if (first === undefined) say('stop', 'stopping')
        first ??= performance.now()
        void this.run(0)
      })
    }
    const parent = process.ppid
    setInterval(() => process.ppid === parent || this.run(0), 250).unref()
    // Writing to a closed terminal fails, and that must not interrupt the shutdown.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
  }
}
