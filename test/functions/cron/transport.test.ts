// The cron function's transport, inside workerd, against hostile receivers.
import { expect, test } from 'vitest'
import { hostile } from '../../support/hostile.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startInWorkerd } from '../../support/runtimes.ts'
import { defaultOptions, describeSending, type Seen, type Sender } from '../../support/sending.ts'
import { describeInterimResponses } from '../../support/sending-interim.ts'
import type { SendOptions, TextRequest } from '../../support/workers/calls.ts'

async function start(): Promise<Sender> {
  const calls = await startInWorkerd()
  const send = async (requests: TextRequest[], options: SendOptions): Promise<Seen[]> => {
    const seen = await calls.send(requests, options)
    return seen.map(each => ('body' in each ? { ...each, body: Uint8Array.from(each.body) } : each))
  }
  const body = '{"a":1}'
  return {
    async sendTo(url, { headers = {}, ...options } = {}) {
      const [seen] = await send([{ url, headers, body }], { ...defaultOptions, ...options })
      return seen!
    },
    inTurn: (url, count) => send(Array(count).fill({ url, headers: {}, body }), defaultOptions),
  }
}

describeSending('fetch in workerd', start)
// Not for us to end sooner: fetch keeps interim responses to itself.
describeInterimResponses('fetch in workerd', start, 'timeout')

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
