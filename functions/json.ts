// Exact JSON: numbers that a double can't hold come in and go out as they were written.

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

/** JSON text as somebody else wrote it (an event's data), embedded byte for byte. */
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
  | readonly Json[]
  | { readonly [name: string]: Json }

/** Large whole numbers become bigint; any other number that JavaScript would write differently stays raw. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value
    return /^-?\d+$/.test(source) ? BigInt(source) : JSON.rawJSON(source)
  })
}

/** For settings and the like, where the nearest double will do: `10.0` is 10. */
export function toDouble(value: unknown): unknown {
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : value
}

export function writeJson(value: Json): string {
  if (value instanceof JsonText) return value.text
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`
  const members = Object.entries(value as Record<string, Json>).filter(([, member]) => member !== undefined)
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${writeJson(member)}`).join(',')}}`
}
