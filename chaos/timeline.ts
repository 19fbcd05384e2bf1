// The run second by second: deliveries, the age of the oldest open event, requests per receiver.
import type { Sample } from './observer.ts'
import { type Records, succeeded } from './records.ts'

export interface Timeline {
  seconds: number
  delivered: number[]
  /** null while the database was down. */
  oldestSeconds: (number | null)[]
  requests: Record<string, number[]>
}

export function timelineOf(
  { requests, endpoints }: Records,
  samples: Sample[],
  run: { from: number; until: number },
): Timeline {
  const seconds = Math.ceil((run.until - run.from) / 1000)
  const second = (at: number) => Math.min(seconds - 1, Math.max(0, Math.floor((at - run.from) / 1000)))
  const zeros = () => new Array<number>(seconds).fill(0)
  const timeline: Timeline = {
    seconds,
    delivered: zeros(),
    oldestSeconds: new Array(seconds).fill(null),
    requests: Object.fromEntries(endpoints.map(({ name }) => [name, zeros()])),
  }
  for (const request of requests) {
    timeline.requests[request.endpoint]![second(request.came)]!++
    if (succeeded(request)) timeline.delivered[second(request.answered)]!++
  }
  for (const { at, oldestSeconds } of samples) timeline.oldestSeconds[second(at)] = oldestSeconds
  return timeline
}
