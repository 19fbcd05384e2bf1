// API keys are found by their hash, in a time that does not depend on how much of a guess is right.
import { expect, test } from 'vitest'
import { findApiKey, parseApiKeys } from '../../../functions/access/api-keys.ts'

const key = 'k'.repeat(20) + crypto.randomUUID()
test('a nearly right key takes as long to refuse as a wrong one', async () => {
  const keys = (await parseApiKeys(`a:admin:${key},b:read:other`))!
  const guesses = [`x${key.slice(1)}`, `${key.slice(0, -1)}x`]
  const fastest = guesses.map(() => Number.POSITIVE_INFINITY)
  // The fastest of many, in turns: other work on this machine only adds to a measurement.
  for (let n = 0; n < 10_000; n++) {
    for (const [i, guess] of guesses.entries()) {
      const started = performance.now()
      const found = await findApiKey(keys, guess)
      fastest[i] = Math.min(fastest[i]!, performance.now() - started)
      if (found !== null) expect.fail('a wrong key was found')
    }
  }
  const [one, other] = fastest as [number, number]
  expect(Math.abs(one - other), `${fastest} ms`).toBeLessThan(Math.max(one, other) / 2)
})

test('only the hash of a key is kept', async () => {
  const [found] = (await parseApiKeys(`a:admin:${key}`))!
  expect(JSON.stringify(found)).not.toContain(key)
  expect(found!.hash).toHaveLength(32)
  expect(await findApiKey([found!], key)).toMatchObject({ name: 'a', scope: 'admin' })
})

test.each([' ', 'K', 'é', '\0'])('a key with %j added is another key', async more => {
  const keys = (await parseApiKeys(`a:admin:${key}`))!
  expect(await findApiKey(keys, key + more)).toBeNull()
})
