// What a tenant is told of an attempt that failed, and when, on both runtimes.
import { beforeAll, describe, expect, test } from 'vitest'
import { type FailureKind, failureKinds } from '../../delivery/failures.ts'
import { endpoint, leased } from '../support/attempts.ts'
import { type Calls, runtimes } from '../support/runtimes.ts'
import { failure, success } from '../support/settlements.ts'

const seenByTenants: Record<FailureKind, string> = {
  timeout: 'unreachable',
  dns: 'unreachable',
  connection: 'unreachable',
  tls: 'unreachable',
  blocked_address: 'unreachable',
  redirect: 'redirect',
  bad_status: 'bad_status',
  gone: 'gone',
  throttled: 'throttled',
  bad_response: 'unreachable',
  body_too_large: 'body_too_large',
  secret_unavailable: 'secret_unavailable',
  invalid_endpoint: 'invalid_endpoint',
  exhausted: 'exhausted',
  interrupted: 'interrupted',
}
const hidden = failureKinds.filter(kind => seenByTenants[kind] === 'unreachable')
const shown = failureKinds.filter(kind => seenByTenants[kind] !== 'unreachable')

describe.each(runtimes)('redacting in $runtime', ({ start }) => {
  let calls: Calls
  beforeAll(async () => {
    calls = await start()
  })
  const tenants = endpoint({ isTenants: true, timeoutSeconds: 2 })
  const failedAt = (startedAt: number, error: FailureKind) => failure(leased(), { error, startedAt })

  test.each(Object.entries(seenByTenants))('%s is %s to a tenant', async (error, seen) => {
    expect(await calls.redacted(error)).toBe(seen)
  })

  test.each([null, 'endpoint deleted', 'constructor', ''])(
    'what is not a kind of failure stays: %j',
    async text => {
      expect(await calls.redacted(text)).toBe(text)
    },
  )

  const seen = { duration_ms: 12, response_status: 500, response_body: 'no' }
  test.each(hidden)('of an attempt that ended with %s a tenant sees nothing else', async error => {
    expect(await calls.redactedAttempt({ error, ...seen })).toEqual({
      error: 'unreachable',
      duration_ms: null,
      response_status: null,
      response_body: null,
    })
  })

  test.each([...shown, null])('of an attempt that ended with %s a tenant sees everything', async error => {
    expect(await calls.redactedAttempt({ error, ...seen })).toEqual({ error, ...seen })
  })

  test.each(hidden)('%s at a tenant’s endpoint is settled when its time limit is over', async error => {
    expect(await calls.timingPadMs(tenants, failedAt(1_000, error), 1_000)).toBe(2_000)
    expect(await calls.timingPadMs(tenants, failedAt(1_000, error), 1_300)).toBe(1_700)
    expect(await calls.timingPadMs(tenants, failedAt(1_000, error), 3_000)).toBe(0)
    expect(await calls.timingPadMs(tenants, failedAt(1_000, error), 9_000)).toBe(0)
  })

  test.each(hidden)('%s at an endpoint without a tenant is settled at once', async error => {
    expect(await calls.timingPadMs(endpoint(), failedAt(1_000, error), 1_000)).toBe(0)
  })

  test.each(shown)('%s is settled at once, also at a tenant’s endpoint', async error => {
    expect(await calls.timingPadMs(tenants, failedAt(1_000, error), 1_000)).toBe(0)
  })

  test('a success is settled at once, also at a tenant’s endpoint', async () => {
    expect(await calls.timingPadMs(tenants, { ...success(leased()), startedAt: 1_000 }, 1_000)).toBe(0)
  })
})
