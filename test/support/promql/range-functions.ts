// Functions over the samples of a range, as Prometheus computes them.

export interface Point {
  /** In seconds. */
  readonly at: number
  readonly value: number
}

interface Range {
  readonly from: number
  readonly to: number
}

export const increase = (points: readonly Point[], range: Range) => extrapolated(points, range, true)
export const delta = (points: readonly Point[], range: Range) => extrapolated(points, range, false)
export const rate = (points: readonly Point[], range: Range) => {
  const all = increase(points, range)
  return all === null ? null : all / (range.to - range.from)
}

/**
 * The difference between the last and the first sample, stretched to the edges of the range: all the way where samples come
 * close to the edge, half an interval otherwise. A counter is not taken to have been below zero.
 */
function extrapolated(points: readonly Point[], { from, to }: Range, isCounter: boolean): number | null {
  const [first, last] = [points[0], points.at(-1)]
  if (points.length < 2 || !first || !last) return null
  let difference = last.value - first.value
  if (isCounter)
    points.forEach((point, i) => {
      const before = points[i - 1]
      if (before && point.value < before.value) difference += before.value
    })
  const sampled = last.at - first.at
  const average = sampled / (points.length - 1)
  let toStart = first.at - from
  let toEnd = to - last.at
  if (isCounter && difference > 0 && first.value >= 0)
    toStart = Math.min(toStart, sampled * (first.value / difference))
  if (toStart >= average * 1.1) toStart = average / 2
  if (toEnd >= average * 1.1) toEnd = average / 2
  return difference * ((sampled + toStart + toEnd) / sampled)
}

/** The value in so many seconds, by linear regression. */
export function predictLinear(points: readonly Point[], now: number, seconds: number): number | null {
  if (points.length < 2) return null
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const times = points.map(({ at }) => at - now)
  const values = points.map(({ value }) => value)
  const [meanTime, meanValue] = [mean(times), mean(values)]
  const covariance = mean(times.map((time, i) => (time - meanTime) * (values[i]! - meanValue)))
  const slope = covariance / mean(times.map(time => (time - meanTime) ** 2))
  return meanValue + slope * (seconds - meanTime)
}

/** `buckets`: cumulative, by upper bound. */
export function quantile(q: number, buckets: readonly { bound: number; count: number }[]): number {
  const sorted = buckets.toSorted((a, b) => a.bound - b.bound)
  const total = sorted.at(-1)?.count ?? 0
  if (total === 0) return Number.NaN
  const rank = q * total
  const i = sorted.findIndex(({ count }) => count >= rank)
  const bucket = sorted[i]!
  const before = sorted[i - 1] ?? { bound: 0, count: 0 }
  if (bucket.bound === Number.POSITIVE_INFINITY) return before.bound
  return (
    before.bound + (bucket.bound - before.bound) * ((rank - before.count) / (bucket.count - before.count))
  )
}
