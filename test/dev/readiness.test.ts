// Whether a listener is ready, as the development system asks it.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { atEnd } from '../support/cleanup.ts'

test.each([
  [200, 'ready\n', null],
  [503, 'not connected to the database\n', 'not connected to the database'],
])(
  'an answer %i to /readyz is told without a detour through the proxies of the environment',
  async (status, body, reason) => {
    const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    atEnd(() => server.close())
    expect(await whyNotReady((server.address() as AddressInfo).port)).toBe(reason)
  },
)

test('a listener whose health port does not answer is not ready, with the error code', async () => {
  expect(await whyNotReady(9)).toBe('its health port does not answer (ECONNREFUSED)')
})

/** In a process of its own, because proxies are read when Node starts. */
async function whyNotReady(port: number): Promise<string | null> {
  const module = join(import.meta.dirname, '../../dev/services/readiness.ts')
  const script = `const { whyNotReady } = await import(${JSON.stringify(module)})
    console.log(JSON.stringify(await whyNotReady(${port})))`
  const nowhere = 'http://127.0.0.1:9'
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: nowhere,
      http_proxy: nowhere,
    },
  })
  return JSON.parse(stdout)
}
