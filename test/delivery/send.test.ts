// One request under one deadline; failures come back as values, surprises as exceptions.
import { expect, test } from 'vitest'
import { SendError, send, type Transport } from '../../delivery/send.ts'

const request = { url: 'https://example.com/', headers: [], body: new Uint8Array() }
const response = { status: 200, retryAfter: null, date: null, body: new Uint8Array() }

test('the response is returned, and the transport is called once', async () => {
  const seen: unknown[] = []
  const transport: Transport = async sent => {
    seen.push(sent)
    return response
  }
  expect(await send(request, transport, 1)).toBe(response)
  expect(seen).toEqual([request])
})

test('a SendError of the transport is returned as a value', async () => {
  const transport: Transport = async () => {
    throw new SendError('dns')
  }
  expect(await send(request, transport, 1)).toMatchObject({ kind: 'dns' })
})

test('any other error of the transport is thrown', async () => {
  const transport: Transport = async () => {
    throw new TypeError('a bug')
  }
  await expect(send(request, transport, 1)).rejects.toThrow('a bug')
})

test('the transport gets the deadline, in seconds', async () => {
  const started = performance.now()
  const transport: Transport = (_, signal) =>
    new Promise((_, reject) => {
      const keepAwake = setTimeout(() => {}, 10_000) // the signal's own timer does not keep Node running
      signal.addEventListener('abort', () => {
        clearTimeout(keepAwake)
        reject(new SendError(signal.reason.name === 'TimeoutError' ? 'timeout' : 'interrupted'))
      })
    })
  expect(await send(request, transport, 0.05)).toMatchObject({ kind: 'timeout' })
  expect(performance.now() - started).toBeGreaterThan(45)
})
