// Which custom headers an endpoint may have, and which of ours it may replace. Custom headers are checked when an endpoint
// is written, and again before anything is sent to it.

/** `problem` ends a sentence that begins with the header's name. Values are never repeated: they are secrets. */
export interface HeaderProblem {
  readonly name: string
  readonly problem: string
}

const maxHeaders = 20
const maxBytes = 4096

/** Names that the sender, the signature or HTTP itself uses. */
const reserved = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'traceparent',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
])
const reservedPrefixes = ['webhook-', 'outbox-', 'proxy-']

/** Empty when there is no problem. */
export function checkHeaders(headers: Readonly<Record<string, string>>): HeaderProblem[] {
  const entries = Object.entries(headers)
  if (entries.length > maxHeaders) return [{ name: '', problem: `must not be more than ${maxHeaders}` }]
  const size = entries.reduce((bytes, [name, value]) => bytes + name.length + value.length, 0)
  if (size > maxBytes) return [{ name: '', problem: `must not have more than ${maxBytes} bytes in all` }]
  const names = entries.map(([name]) => name.toLowerCase())
  return entries.flatMap(([name, value], i) => {
    const isRepeated = names.indexOf(names[i]!) < i
    const problem = isRepeated ? 'comes twice' : (problemOfName(names[i]!) ?? problemOfValue(value))
    return problem ? [{ name, problem }] : []
  })
}

/** RFC 9110, section 5.6.2: a token. */
function problemOfName(name: string): string | null {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return 'is not a valid header name'
  return isReserved(name) ? 'is reserved' : null
}

function isReserved(name: string): boolean {
  return reserved.has(name) || reservedPrefixes.some(prefix => name.startsWith(prefix))
}

/** Printable ASCII: no CR, LF or NUL that would end the header, and no character that two HTTP libraries read differently. */
function problemOfValue(value: string): string | null {
  if (!/^[\x20-\x7e\t]*$/.test(value)) return 'has a value with characters that are not allowed'
  return value.trim() === value ? null : 'has a value that begins or ends with white space'
}

/**
 * What every request to an endpoint has: its own headers, and those of ours that never change. A name, its value, the next
 * name, … Of ours an endpoint may replace `accept`. Some firewalls refuse a POST without it (OWASP Core Rule Set, rule
 * 920300). It accepts anything, because only the status of the answer matters.
 */
export function fixedHeaders(own: Readonly<Record<string, string>>): readonly string[] {
  let fixed = madeFor.get(own)
  if (fixed === undefined) {
    fixed = makeFixedHeaders(own)
    madeFor.set(own, fixed)
  }
  return fixed
}
/** Made once for each version of an endpoint. */
const madeFor = new WeakMap<Readonly<Record<string, string>>, readonly string[]>()

function makeFixedHeaders(own: Readonly<Record<string, string>>): readonly string[] {
  const allowed = Object.entries(own).filter(([name]) => !isReserved(name.toLowerCase()))
  const hasAccept = allowed.some(([name]) => name.toLowerCase() === 'accept')
  const ours = hasAccept ? [] : ['accept', '*/*']
  return [...ours, ...allowed.flat(), 'content-type', 'application/json']
}
