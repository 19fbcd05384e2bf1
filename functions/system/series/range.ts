// The time that a series is of: whole buckets, so that the same question a moment later has the same buckets.
import type { InputError } from '../../http/problem.ts'

/** In seconds. */
export const buckets = { '1m': 60, '5m': 300, '15m': 900, '1h': 3600, '6h': 21_600, '1d': 86_400 } as const
export type Bucket = keyof typeof buckets

export const maxBuckets = 750
/** Where there is a choice, about as many as a chart has room for. */
const usualBuckets = 120
const hour = 3600
const day = 86_400
/** Buckets below an hour are added up from minutes, and more than so many take too long. */
const maxSecondsOfMinutes = 2 * day
const maxSeconds = 92 * day

export interface Range {
  readonly since: Date
  /** Where the last bucket ends. */
  readonly until: Date
  readonly bucketSeconds: number
  readonly count: number
  /** Which rows of the history it is made of: of a minute or of an hour. */
  readonly minutes: 1 | 60
}

interface Asked {
  readonly since?: Date | undefined
  readonly until?: Date | undefined
  readonly bucket?: Bucket | undefined
}

export function rangeOf({ since, until, bucket }: Asked, now: Date): Range | InputError {
  const end = until ?? now
  const begin = since ?? new Date(end.getTime() - hour * 1000)
  if (begin >= end) return { path: 'since', message: 'must be before until' }
  const asked = (end.getTime() - begin.getTime()) / 1000
  if (asked > maxSeconds) return { path: 'since', message: 'must not be more than 92 days before until' }
  const bucketSeconds = bucket === undefined ? usualBucket(asked) : buckets[bucket]
  const range = aligned(begin, end, bucketSeconds)
  if (bucketSeconds < hour && asked > maxSecondsOfMinutes)
    return { path: 'bucket', message: 'must be 1h or longer for more than two days' }
  if (range.count > maxBuckets)
    return {
      path: 'bucket',
      message: `must be longer: that would be ${range.count} buckets, and ${maxBuckets} is the most`,
    }
  return range
}

/** The shortest that makes no more than usual. */
function usualBucket(seconds: number): number {
  const fitting = Object.values(buckets).find(
    bucket => seconds <= bucket * usualBuckets && (bucket >= hour || seconds <= maxSecondsOfMinutes),
  )
  return fitting ?? buckets['1d']
}

function aligned(begin: Date, end: Date, bucketSeconds: number): Range {
  const from = Math.floor(begin.getTime() / 1000 / bucketSeconds) * bucketSeconds
  const count = Math.ceil((end.getTime() / 1000 - from) / bucketSeconds)
  return {
    since: new Date(from * 1000),
    until: new Date((from + count * bucketSeconds) * 1000),
    bucketSeconds,
    count,
    minutes: bucketSeconds < hour ? 1 : 60,
  }
}
