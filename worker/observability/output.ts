// Standard output that never holds up the process, even if its reader is slow, stopped or gone. All lines of one turn of
// the event loop are written at once. When too much waits, lines are dropped, and counted.

/** Some thousand lines. */
const maxWaiting = 1 << 20

export class Output {
  readonly #stream: NodeJS.WriteStream
  #lines = ''
  #lost = 0
  #gone = false

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    // The reader is gone. That is no reason to stop delivering.
    stream.on('error', () => {
      this.#gone = true
    })
    process.on('exit', () => this.#flush())
  }

  write(line: string): void {
    if (this.#gone) return
    if (this.#lines.length + this.#stream.writableLength > maxWaiting) {
      this.#lost++
      return
    }
    if (this.#lines === '') setImmediate(() => this.#flush())
    this.#lines +=
      this.#lost === 0
        ? line
        : `${JSON.stringify({ level: 40, msg: 'log lines were lost', lines: this.#lost })}\n${line}`
    this.#lost = 0
  }

  #flush(): void {
    if (this.#lines !== '') this.#stream.write(this.#lines)
    this.#lines = ''
  }
}
