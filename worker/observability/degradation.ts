// A state in which the listener works, but not as well as it should: what it does instead, why, and since when.

export class Degradation {
  readonly #instead: string
  #reason = ''
  #since: Date | null = null

  /** `instead`: what the listener does meanwhile, such as "polling". */
  constructor(instead: string) {
    this.#instead = instead
  }

  /** Again with another reason: it goes on, and the newer reason is shown. */
  begin(reason: string): void {
    this.#since ??= new Date()
    this.#reason = reason
  }

  end(): void {
    this.#since = null
  }

  get isOn(): boolean {
    return this.#since !== null
  }

  /** For /readyz; null = the listener works as it should. */
  get description(): string | null {
    return this.#since && `${this.#instead} since ${this.#since.toISOString()}: ${this.#reason}`
  }
}
