// The table of failure kinds: what it says is consistent, and what follows from it is tested beside each rule.
import { expect, test } from 'vitest'
import { type FailureKind, failureKinds, failures, nextSteps } from '../../delivery/failures.ts'
import { classify } from '../../delivery/outcome.ts'

/** Every kind that a response can have. */
const answered = new Set<FailureKind>()
for (let status = 0; status <= 999; status++) {
  const outcome = classify({ status, retryAfter: null, date: null, body: new Uint8Array() }, 0)
  if (outcome.kind === 'failed') answered.add(outcome.error)
}

test.each(failureKinds)('%s is explained in whole sentences that fit into a table', kind => {
  expect(failures[kind].meaning).toMatch(/^[A-Z].*\.$/)
  expect(failures[kind].meaning).not.toContain('|')
})

test('a tenant sees every kind that an HTTP server’s answer can have', () => {
  expect([...answered].filter(kind => failures[kind].tenantSees !== 'same')).toEqual(['bad_response'])
})

test('only failures without an answer may be an outage of our own network, and no tenant sees those', () => {
  const network = failureKinds.filter(kind => failures[kind].mayBeOurNetwork)
  expect(network).toEqual(['timeout', 'dns', 'connection', 'tls'])
  for (const kind of network) {
    expect(answered).not.toContain(kind)
    expect(failures[kind].tenantSees).toBe('unreachable')
  }
})

test('each way a failed delivery can go on is used by some kind', () => {
  expect(new Set(failureKinds.map(kind => failures[kind].next))).toEqual(new Set(Object.keys(nextSteps)))
})
