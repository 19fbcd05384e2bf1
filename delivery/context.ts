// The writer's context as headers. Any session may set it to anything, and no content of an event may break a request:
// an invalid trace is left out, and an actor is encoded so that it fits into a header.
import type { Leased } from './types.ts'

const maxActorCharacters = 200

/** A name, its value, the next name, … */
export function contextHeaders({ actor, traceparent }: Pick<Leased, 'actor' | 'traceparent'>): string[] {
  const headers: string[] = []
  if (actor !== null) headers.push('outbox-actor', headerText(actor))
  if (traceparent !== null && isTraceparent(traceparent)) headers.push('traceparent', traceparent)
  return headers
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
export function isTraceparent(text: string): boolean {
  return /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(text)
}

export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  /** The lowest bit: whoever began the trace records it. */
  readonly flags: number
}

/** null = it is none. */
export function parseTraceparent(text: string): TraceContext | null {
  if (!isTraceparent(text)) return null
  const [, traceId, spanId, flags] = text.split('-')
  return { traceId: traceId!, spanId: spanId!, flags: Number.parseInt(flags!, 16) }
}

/** Visible ASCII and inner spaces stay; `%` and everything else is percent-encoded UTF-8, as in a URL. */
function headerText(actor: string): string {
  return Array.from(actor.trim())
    .slice(0, maxActorCharacters)
    .map(character => (/^[\x20-\x24\x26-\x7e]$/.test(character) ? character : encodeURIComponent(character)))
    .join('')
}
