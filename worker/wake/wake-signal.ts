// Wakes one waiter. Notifications coalesce: however many come before somebody waits, they end one wait.

export class WakeSignal {
  #notified = false
  #wake: (() => void) | null = null

  notify(): void {
    this.#notified = true
    this.#wake?.()
  }

  /** Returns on a notification, at once if one has come since the last wait, or after so many milliseconds (Infinity: never). */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#notified) {
      await new Promise<void>(resolve => {
        const timer = Number.isFinite(milliseconds) ? setTimeout(resolve, milliseconds) : undefined
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = null
    }
    this.#notified = false
  }
}
