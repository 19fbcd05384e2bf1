// What is written down after each outcome, on both runtimes.
import { beforeAll, describe, expect, test } from 'vitest'
import { type FailureKind, failureKinds } from '../../delivery/failures.ts'
import type { Failed } from '../../delivery/outcome.ts'
import type { Settlement } from '../../delivery/types.ts'
import { endpoint, leased } from '../support/attempts.ts'
import { type Calls, runtimes } from '../support/runtimes.ts'

const timing = { startedAt: 5_000, durationMs: 12 }
/** No jitter: waits are as long as planned. */
const middle = 0.5

function failed(error: FailureKind, differs: Partial<Failed> = {}): Failed {
  return { kind: 'failed', error, status: null, body: null, retryAfterSeconds: null, ...differs }
}

/** What every settlement of `leased()` has; the rest is the case's own. */
function settlement(differs: Partial<Settlement>) {
  return {
    eventId: '1',
    endpointId: '2',
    lease: 'a:1',
    group: null,
    attempt: 1,
    occurredAt: 1_793_966_400_000_000,
    retryInSeconds: null,
    pauseEndpointSeconds: null,
    endpointGone: false,
    countsAsAttempt: true,
    error: null,
    status: null,
    body: null,
    ...timing,
    ...differs,
  }
}

const retried = { state: 'pending', retryInSeconds: 10 } as const
const dead = { state: 'dead' } as const
const afterFirstAttempt: Record<FailureKind, Partial<Settlement>> = {
  timeout: retried,
  dns: retried,
  connection: retried,
  tls: retried,
  blocked_address: retried,
  redirect: retried,
  bad_status: retried,
  gone: { ...dead, endpointGone: true },
  throttled: retried,
  bad_response: retried,
  body_too_large: dead,
  secret_unavailable: retried,
  invalid_endpoint: retried,
  exhausted: { state: 'pending', retryInSeconds: 5, countsAsAttempt: false },
  interrupted: retried,
}
const afterLastAttempt: Record<FailureKind, Partial<Settlement>> = {
  ...(Object.fromEntries(failureKinds.map(kind => [kind, dead])) as Record<FailureKind, typeof dead>),
  gone: { ...dead, endpointGone: true },
  exhausted: { state: 'pending', retryInSeconds: 5, countsAsAttempt: false },
}

describe.each(runtimes)('settling in $runtime', ({ start }) => {
  let calls: Calls
  beforeAll(async () => {
    calls = await start()
  })
  const settle = (outcome: Failed, delivery = leased(), random = middle) =>
    calls.settle(delivery, endpoint(), outcome, timing, random)

  test('a success is delivered, with status and body', async () => {
    const outcome = { kind: 'delivered', status: 204, body: 'ok' } as const
    expect(await calls.settle(leased(), endpoint(), outcome, timing, middle)).toEqual(
      settlement({ state: 'delivered', status: 204, body: 'ok' }),
    )
  })

  test.each(failureKinds)('the first attempt ends with %s', async error => {
    expect(await settle(failed(error))).toEqual(settlement({ error, ...afterFirstAttempt[error] }))
  })

  test.each(failureKinds)('the last attempt of the schedule ends with %s', async error => {
    const last = leased({ attempt: 3, attemptsUsed: 2 })
    expect(await settle(failed(error), last)).toEqual(
      settlement({ error, attempt: 3, ...afterLastAttempt[error] }),
    )
  })

  test('the wait follows the attempts used since a person asked again, not the attempt number', async () => {
    const replayed = leased({ attempt: 7, attemptsUsed: 1 })
    expect(await settle(failed('timeout'), replayed)).toMatchObject({ attempt: 7, retryInSeconds: 100 })
  })

  test.each([
    [0, 8],
    [0.25, 9],
    [0.75, 11],
  ])('with the random number %d a wait of 10 s becomes %d s', async (random, seconds) => {
    expect((await settle(failed('timeout'), leased(), random)).retryInSeconds).toBeCloseTo(seconds)
  })

  test('without a schedule the first failure is the last', async () => {
    const never = endpoint({ retrySchedule: [] })
    expect(await calls.settle(leased(), never, failed('timeout'), timing, middle)).toMatchObject(dead)
  })

  test.each([
    ['longer than the schedule’s wait counts', 60, 60],
    ['shorter than that does not', 3, 10],
    ['of no time at all does not', 0, 10],
  ])('a Retry-After %s, and it pauses the endpoint', async (_, retryAfterSeconds, retryInSeconds) => {
    const outcome = failed('throttled', { status: 429, body: 'slow down', retryAfterSeconds })
    expect(await settle(outcome)).toEqual(
      settlement({
        state: 'pending',
        error: 'throttled',
        status: 429,
        body: 'slow down',
        retryInSeconds,
        pauseEndpointSeconds: retryAfterSeconds,
      }),
    )
  })

  test('a Retry-After with the last failure still pauses the endpoint', async () => {
    const last = leased({ attempt: 3, attemptsUsed: 2 })
    const outcome = failed('throttled', { status: 503, retryAfterSeconds: 60 })
    expect(await settle(outcome, last)).toMatchObject({ ...dead, pauseEndpointSeconds: 60 })
  })
})
