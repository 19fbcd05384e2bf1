// The edge's transport, inside workerd, against receivers at their worst.

import { startInWorkerd } from '../support/runtimes.ts'
import { defaultOptions, describeSending, type SendTo } from '../support/sending.ts'

describeSending('fetch in workerd', async (): Promise<SendTo> => {
  const calls = await startInWorkerd()
  return async (url, { headers = {}, ...options } = {}) => {
    const seen = await calls.send({ url, headers, body: '{"a":1}' }, { ...defaultOptions, ...options })
    return 'body' in seen ? { ...seen, body: Uint8Array.from(seen.body) } : seen
  }
})
