// The cron function's transport, inside workerd, against hostile receivers.
import { expect, test } from 'vitest'
import { hostile } from '../../support/hostile.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startInWorkerd } from '../../support/runtimes.ts'
import { defaultOptions, describeSending, type SendTo } from '../../support/sending.ts'

describeSending('fetch in workerd', async (): Promise<SendTo> => {
  const calls = await startInWorkerd()
  return async (url, { headers = {}, ...options } = {}) => {
    const request = { url, headers, body: '{"a":1}' }
    const [seen] = await calls.send([request], { ...defaultOptions, ...options })
    return 'body' in seen! ? { ...seen, body: Uint8Array.from(seen.body) } : seen!
  }
})

test('an endless body is closed as soon as enough is read, not at the end of the cron run', async () => {
  const closed = Promise.withResolvers<void>()
  const endless = await startReceiver((received, response, request) => {
    request.socket.once('close', () => closed.resolve())
    return hostile(received, response, request)
  })
  const next = await startReceiver(async () => {
    await closed.promise
    return 200
  })
  const calls = await startInWorkerd()
  const requests = [`${endless.url}/flood`, next.url].map(url => ({ url, headers: {}, body: '' }))
  // Longer than the test may take, so the deadline does not close the connection.
  const seen = await calls.send(requests, { ...defaultOptions, timeoutSeconds: 60 })
  expect(seen).toMatchObject([{ status: 200 }, { status: 200 }])
})
