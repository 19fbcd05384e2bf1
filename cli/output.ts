// Standard output has the data and nothing else; everything said to people besides goes to standard error.
import { styleText } from 'node:util'

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly color: boolean
}

type Style = 'green' | 'yellow' | 'red' | 'bold' | 'dim'

export class Output {
  readonly #options: OutputOptions
  constructor(options: OutputOptions) {
    this.#options = options
  }

  get isJson(): boolean {
    return this.#options.json
  }

  /** With --json the object, else the lines. */
  result(object: unknown, lines: readonly string[]): void {
    this.data(this.isJson ? JSON.stringify(object) : lines.join('\n'))
  }

  data(text: string): void {
    if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Progress and hints: not for scripts. */
  note(text: string): void {
    if (!this.#options.quiet) process.stderr.write(`${text}\n`)
  }

  /** Columns that line up on a terminal, and tabs between them everywhere else. */
  table(rows: readonly (readonly string[])[]): string[] {
    if (!process.stdout.isTTY) return rows.map(row => row.join('\t'))
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => row[i]!.length)))
    return rows.map(row =>
      row.map((cell, i) => (i < row.length - 1 ? cell.padEnd(widths[i]!) : cell)).join('  '),
    )
  }

  style(style: Style, text: string): string {
    return this.#options.color && process.stdout.isTTY ? styleText(style, text) : text
  }
}
