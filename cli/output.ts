// Standard output has the data and nothing else; everything said to people besides goes to standard error.
import { stripVTControlCharacters, styleText } from 'node:util'
import { type Json, writeJson } from '../functions/http/json.ts'

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose?: boolean
  readonly utc?: boolean
  readonly color: boolean
}

export type Style = 'green' | 'yellow' | 'red' | 'cyan' | 'bold' | 'dim'

export interface Column<Row> {
  readonly title: string
  readonly text: (row: Row) => string
  readonly style?: (row: Row) => Style | undefined
  /** Prose: on a terminal it ends where the line ends. Without it nothing is cut, because ids are for copying. */
  readonly isProse?: boolean
}

export class Output {
  readonly #options: OutputOptions
  constructor(options: OutputOptions) {
    this.#options = options
  }

  get isJson(): boolean {
    return this.#options.json
  }

  /** A person reads it, so it may move and have colours. */
  get isTerminal(): boolean {
    return process.stdout.isTTY === true && !this.isJson
  }

  /** Times are shown as they are. */
  get isUtc(): boolean {
    return this.#options.utc === true
  }

  /** With --json the object, else the lines. */
  result(object: unknown, lines: readonly string[]): void {
    this.data(this.isJson ? jsonText(object) : lines.join('\n'))
  }

  data(text: string): void {
    if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** Progress and hints: not for scripts. */
  note(text: string): void {
    if (!this.#options.quiet) process.stderr.write(`${text}\n`)
  }

  /** For --verbose. */
  trace(text: string): void {
    if (this.#options.verbose) process.stderr.write(`${text}\n`)
  }

  /** A list: a JSON object in each line, columns with titles on a terminal, lines with tabs everywhere else. */
  rows<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
    if (this.isJson) {
      this.data(rows.map(jsonText).join('\n'))
      return
    }
    if (rows.length === 0) return
    const cells = columns.map(({ text }) => rows.map(row => oneLine(text(row))))
    if (!process.stdout.isTTY) {
      this.data(rows.map((_, i) => cells.map(ofColumn => ofColumn[i]).join('\t')).join('\n'))
      return
    }
    // A column that says nothing takes room from the others.
    const shown = columns
      .map((column, i) => ({ ...column, cells: cells[i]! }))
      .filter(({ cells }) => cells.some(cell => cell !== '-'))
    const titles = shown.map(({ title }) => this.style('dim', title))
    const cut = cutTo(roomForProse(shown))
    const lines = rows.map((row, i) =>
      shown.map(({ cells, style, isProse }) =>
        this.styled(isProse ? cut(cells[i]!) : cells[i]!, style?.(row)),
      ),
    )
    this.data(this.table([titles, ...lines]).join('\n'))
  }

  /** Columns that line up on a terminal, and tabs between them everywhere else. */
  table(rows: readonly (readonly string[])[]): string[] {
    if (!process.stdout.isTTY) return rows.map(row => row.join('\t'))
    const width = (cell: string) => stripVTControlCharacters(cell).length
    const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map(row => width(row[i]!))))
    return rows.map(row =>
      row
        .map((cell, i) => (i < row.length - 1 ? cell + ' '.repeat(widths[i]! - width(cell)) : cell))
        .join('  '),
    )
  }

  /** How many rows of the terminal these lines take: one that is too long goes on in the next. */
  rowsOf(lines: readonly string[]): number {
    const { columns = Infinity } = process.stdout
    const rows = lines.map(line => Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)))
    return rows.reduce((sum, count) => sum + count, 0)
  }

  style(style: Style, text: string): string {
    return this.#options.color && process.stdout.isTTY
      ? styleText(style, text, { validateStream: false })
      : text
  }

  styled(text: string, style: Style | undefined): string {
    return style === undefined || text === '' ? text : this.style(style, text)
  }

  /** How long ago, or in how long, for people; as it is for everybody else and with --utc. */
  time(iso: string | null): string {
    if (iso === null) return '-'
    if (!this.isTerminal || this.#options.utc) return iso
    const seconds = (Date.now() - Date.parse(iso)) / 1000
    return seconds >= 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`
  }
}

interface ShownColumn {
  readonly title: string
  readonly cells: readonly string[]
  readonly isProse?: boolean
}

const minProseWidth = 20

/** What the other columns leave of the terminal's width. */
function roomForProse(columns: readonly ShownColumn[]): number {
  const others = columns.filter(({ isProse }) => !isProse)
  const used = others.map(({ title, cells }) => Math.max(...[title, ...cells].map(text => text.length)) + 2)
  return Math.max(minProseWidth, process.stdout.columns - used.reduce((total, width) => total + width, 0))
}

const cutTo = (width: number) => (text: string) =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text

/** What strangers wrote may hold line breaks, and what a terminal takes for commands. */
export const oneLine = (text: string) =>
  stripVTControlCharacters(text).replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')

/** Older Nodes do not tell how a number was written. */
export const keepsNumbers = typeof (JSON as Partial<typeof JSON>).rawJSON === 'function'

/** The API's numbers stay as they were written. */
export const jsonText = (object: unknown): string =>
  keepsNumbers ? writeJson(object as Json) : JSON.stringify(object)

export function duration(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
  ] as const
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? ['s', 1]
  return `${Math.floor(seconds / size)} ${unit}`
}
