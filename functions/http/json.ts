// Exact JSON: numbers that a double can't hold are read and written digit by digit.

declare global {
  // Newer than the compiler's library: https://github.com/tc39/proposal-json-parse-with-source
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown
    rawJSON(text: string): RawNumber
    isRawJSON(value: unknown): value is RawNumber
  }
}

interface RawNumber {
  readonly rawJSON: string
}

/** JSON text from elsewhere (an event's data), embedded byte for byte. */
export class JsonText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | JsonText
  | RawNumber
  | readonly Json[]
  | { readonly [name: string]: Json }

/** Large whole numbers become bigint; any other number that JavaScript would write differently stays raw. */
export function parseJson(text: string): unknown {
  if (!mayHoldInexact.test(text)) return JSON.parse(text) // several times as fast
  return JSON.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value
    return /^-?\d+$/.test(source) ? BigInt(source) : JSON.rawJSON(source)
  })
}

/**
 * A number with a fraction, an exponent or 16 digits, or -0: any other is a whole number that a double holds. Text inside of
 * strings may look like one; that costs only time.
 */
const mayHoldInexact = /(?:^|[[,:])\s*(?:-0|-?\d+[.eE]|-?\d{16})/

/** For settings, where the nearest double will do: `10.0` is 10. */
export function toDouble(value: unknown): unknown {
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : value
}

export function writeJson(value: Json): string {
  return isKnownToJavaScript(value) ? JSON.stringify(value) : writeExactly(value)
}

/** JSON.stringify() writes raw numbers as they are, but refuses a bigint and does not know JsonText. */
function isKnownToJavaScript(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint'
  if (value instanceof JsonText) return false
  return Object.values(value).every(isKnownToJavaScript)
}

function writeExactly(value: Json): string {
  if (value instanceof JsonText) return value.text
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(writeExactly).join(',')}]`
  const members = Object.entries(value as Record<string, Json>).filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${writeExactly(member)}`).join(',')}}`
}

const maxDepth = 100
/** Postgres writes numbers out in full, 1e300 as three hundred digits. */
const maxExponent = 400

/** Why a jsonb column cannot store this value; null = it can. */
export function storageProblem(value: unknown, depth = 1): string | null {
  if (depth > maxDepth) return `must not be nested deeper than ${maxDepth} levels`
  if (typeof value === 'string') return isStorable(value) ? null : unstorable
  if (JSON.isRawJSON(value)) {
    const [, exponent] = /e[+-]?(\d+)$/i.exec(value.rawJSON) ?? []
    return Number(exponent ?? 0) > maxExponent ? 'contains a number that is too large or too small' : null
  }
  if (typeof value !== 'object' || value === null) return null
  for (const [name, member] of Object.entries(value)) {
    const problem = isStorable(name) ? storageProblem(member, depth + 1) : unstorable
    if (problem) return problem
  }
  return null
}

/** Text that Postgres keeps unchanged: no NUL, no half of a surrogate pair. */
export const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0')
const unstorable = 'contains a character that can not be stored'
