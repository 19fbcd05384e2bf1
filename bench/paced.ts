// Events at a steady rate, and how long each took from its commit to the receiver.
import { monotonicMs } from './clock.ts'
import type { Receiver } from './receiving.ts'
import type { Writer } from './subjects/subject.ts'

export interface Paced {
  readonly count: number
  readonly perSecond: number
  /** The endpoint of event n. */
  readonly endpointOf: (n: number) => number
  /** Endpoints that get each event; default 1. */
  readonly webhooksEach?: number
  /** Webhooks that are also answered, but not measured; default 0. */
  readonly answeredBesides?: number
}

/**
 * Event n starts at n / rate seconds, however long earlier events take: a slow writer must not make the others look fast.
 * Returns milliseconds per webhook, from the moment the writer knows of the commit; 0 for a webhook that arrived earlier.
 */
export async function delaysAtPace(
  writer: Writer,
  receiver: Receiver,
  { count, perSecond, endpointOf, webhooksEach = 1, answeredBesides = 0 }: Paced,
  isExpected: (n: number) => boolean = () => true,
): Promise<number[]> {
  await receiver.reset()
  const committed: number[] = []
  const writes: Promise<void>[] = []
  const start = monotonicMs()
  for (let n = 0; n < count; n++) {
    const early = start + (n / perSecond) * 1000 - monotonicMs()
    if (early > 0) await new Promise(resolve => setTimeout(resolve, early))
    writes.push(
      writer.write(n, endpointOf(n)).then(() => {
        committed[n] = monotonicMs()
      }),
    )
  }
  await Promise.all(writes)
  const expected = committed.map((_, n) => n).filter(isExpected)
  await receiver.until(expected.length * webhooksEach + answeredBesides)
  const arrivals = await receiver.arrivals()
  return expected.flatMap(n => arrivals[n]!.map(arrival => Math.max(0, arrival - committed[n]!)))
}
