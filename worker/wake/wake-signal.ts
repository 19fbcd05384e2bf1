// A bell that coalesces: however often it rings before somebody waits, it wakes them once.

export class WakeSignal {
  #rung = false
  #wake: (() => void) | null = null

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Returns when the bell rings, at once when it has rung since the last wait, or after so many milliseconds (Infinity: never). */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>(resolve => {
        const timer = Number.isFinite(milliseconds) ? setTimeout(resolve, milliseconds) : undefined
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = null
    }
    this.#rung = false
  }
}
