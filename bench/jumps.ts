// Finds the rates at which the p99 jumps. With the rate it may rise, but little by little.
import type { Results } from './results.ts'

export const sweepRates = [1, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000]
export const sweepVariant = (perSecond: number): string => `${perSecond.toLocaleString('en')} per second`

export interface Point {
  readonly perSecond: number
  readonly p99: number
}

/** Two neighbouring rates. */
export interface Step {
  readonly better: Point
  readonly worse: Point
  /** The worse p99 over the better one. */
  readonly ratio: number
}

/** Differences below this are the scheduler's: both count as this. */
const noiseMs = 10
/** A step by more than this is a jump. */
export const maxStep = 2

/** The medians of a sweep. A rate without figures has no point. */
export const pointsOf = (results: Results, subject: string): Point[] =>
  sweepRates
    .map(perSecond => ({
      perSecond,
      p99: results.median('sweep', sweepVariant(perSecond), subject, 'p99'),
    }))
    .filter(({ p99 }) => !Number.isNaN(p99))

/** The steps from rate to rate, up or down. `points` are in the order of their rates. */
export function steps(points: readonly Point[]): Step[] {
  return points.slice(1).map((high, i) => {
    const low = points[i]!
    const [worse, better] = high.p99 >= low.p99 ? [high, low] : [low, high]
    return { worse, better, ratio: Math.max(worse.p99, noiseMs) / Math.max(better.p99, noiseMs) }
  })
}

/** NaN without steps, so that a goal computed from it is left out. */
export const largestStep = (points: readonly Point[]): number =>
  points.length < 2 ? Number.NaN : Math.max(...steps(points).map(({ ratio }) => ratio))

/** In a line for people: where the p99 jumps, or within which bounds it stays. */
export function conclusion(subject: string, points: readonly Point[]): string {
  const jumps = steps(points).filter(({ ratio }) => ratio > maxStep)
  if (jumps.length > 0) return `${subject}: the p99 jumps ${jumps.map(fromTo).join(', ')}.`
  const p99s = points.map(({ p99 }) => p99)
  return `${subject}: the p99 does not jump. It is ${milliseconds(Math.min(...p99s))} to ${milliseconds(Math.max(...p99s))}.`
}

const fromTo = ({ better, worse }: Step) =>
  `from ${milliseconds(better.p99)} at ${sweepVariant(better.perSecond)} to ${milliseconds(worse.p99)} at ${worse.perSecond.toLocaleString('en')}`
const milliseconds = (value: number) => `${value.toFixed(1)} ms`
