// Which webhook somebody waits for, and what to say when it does not come.

/** A part of the data, such as `{ order_id: 7 }`, or a function that is true for it. */
export type Match<Data> = ((data: Data) => boolean) | DeepPartial<Data>

type DeepPartial<T> = unknown extends T
  ? Readonly<Record<string, unknown>>
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T

export function matches(match: unknown, data: unknown): boolean {
  if (match === undefined) return true
  if (typeof match === 'function') return Boolean(match(data))
  if (typeof match !== 'object' || match === null) return match === data
  if (typeof data !== 'object' || data === null) return false
  return Object.entries(match).every(([name, part]) => matches(part, (data as Record<string, unknown>)[name]))
}

export function whatCame(requests: readonly string[]): string {
  if (requests.length === 0)
    return 'Nothing came at all: is the endpoint registered, and does a listener run?'
  const counts = new Map<string, number>()
  for (const request of requests) counts.set(request, (counts.get(request) ?? 0) + 1)
  const list = [...counts].map(([what, count]) => (count === 1 ? what : `${what} (${count} times)`))
  return `What came: ${list.join('; ')}`
}
