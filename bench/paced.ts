// Events at a steady rate, and how long each took from its commit to the receiver.
import { monotonicMs } from './clock.ts'
import type { Receiver } from './receiving.ts'
import type { Writer } from './subjects/subject.ts'

export interface Paced {
  readonly count: number
  readonly perSecond: number
  /** Which endpoint event n is for. */
  readonly endpointOf: (n: number) => number
  /** How many endpoints get each event. 1 unless told. */
  readonly webhooksEach?: number
  /** Webhooks that are answered, too, and not measured. 0 unless told. */
  readonly answeredBesides?: number
}

/**
 * Event n starts at n / rate seconds, however long the ones before it take: a slow writer must not make the others look
 * fast. Milliseconds by webhook, from when the writer hears of the commit; 0 where the webhook was there before the news.
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
