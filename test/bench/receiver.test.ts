// The benchmark's receiver does not trust senders: it detects missing, repeated and unsigned webhooks.
import { beforeEach, describe, expect, test } from 'vitest'
import { startReceiver } from '../../bench/receiving.ts'
import { parseSecret } from '../../delivery/keys.ts'
import { signedHeaders } from '../../delivery/signature.ts'
import { startGuard } from '../../dev/guard.ts'
import { hmacSigner } from '../../worker/send/signers.ts'
import { atEnd } from '../support/cleanup.ts'

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const receiver = await startReceiver(startGuard(), secret)
atEnd(() => receiver.stop())

async function send(n: number, signingSecret = secret, path = '/e/0') {
  const body = Buffer.from(`{"data":{"n":${n}}}`)
  const { bytes } = (await parseSecret(signingSecret))!
  const headers = await signedHeaders(`evt_${n}`, Math.floor(Date.now() / 1000), body, [hmacSigner(bytes)])
  await fetch(receiver.url + path, { method: 'POST', headers, body })
}

describe('the receiver of the benchmark', () => {
  beforeEach(() => receiver.reset())

  test('accepts exactly the expected number of webhooks', async () => {
    for (let n = 0; n < 100; n++) await send(n)
    await receiver.expectExactly('The sender', 100)
  })

  test('counts a repeated webhook once', async () => {
    for (let n = 0; n < 60; n++) await send(n % 50)
    await expect(receiver.expectExactly('The sender', 60)).rejects.toThrow('got 50')
  })

  test('counts one event for two endpoints twice', async () => {
    for (let n = 0; n < 100; n++) await send(n % 50, secret, `/e/${n % 100 < 50 ? 0 : 1}`)
    await receiver.expectExactly('The sender', 100)
  })

  test('detects signatures with another secret', async () => {
    const another = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
    for (let n = 0; n < 100; n++) await send(n, another)
    await expect(receiver.expectExactly('The sender', 100)).rejects.toThrow('2 did not')
  })

  test('reports when each event first came to each of its endpoints', async () => {
    await send(1)
    await send(0)
    await send(1)
    await send(1, secret, '/e/1')
    const [zero, one] = await receiver.arrivals()
    expect([zero?.length, one?.length]).toEqual([1, 2])
    const inOrder = [one![0]!, zero![0]!, one![1]!]
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
  })

  test('answers a wait for a number of webhooks as soon as it is reached', async () => {
    const reached = receiver.until(3)
    for (let n = 0; n < 3; n++) await send(n)
    await reached
  })
})
