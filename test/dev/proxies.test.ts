// Proxies in the environment, as in many companies: what leads to this machine goes there directly.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { DevCommand, freshPlace } from './dev-command.ts'

const root = join(import.meta.dirname, '../..')
const nowhere = 'http://127.0.0.1:9'
const proxies = {
  NODE_USE_ENV_PROXY: '1',
  HTTP_PROXY: nowhere,
  HTTPS_PROXY: nowhere,
  ALL_PROXY: nowhere,
  http_proxy: nowhere,
  https_proxy: nowhere,
  all_proxy: nowhere,
  NO_PROXY: '',
  no_proxy: '',
}

test('npm run dev, its cron timer and npm run spam work with proxies in the environment', async () => {
  const dev = new DevCommand(await freshPlace(), proxies, '--no-cron')
  await dev.prints(/^ready /m, 60_000)
  expect(dev.output).not.toMatch(/did not start|could not be registered/)
  const spam = await runOurs(['node', 'dev/shop/spam.ts', '--count', '5', '--url', dev.url], proxies)
  expect(spam).toContain('sent 5, ok 5, failed 0')
  const script = `console.log(await (await import('${root}/dev/services/cron.ts')).fireCron('${dev.url}'))`
  expect(await runOurs(['node', '--input-type=module', '-e', script], proxies)).toBe('ok\n')
  dev.pressCtrlC()
  await dev.exited
})

test.each([
  ['none', {}],
  ['other hosts', { NO_PROXY: 'db.example,.internal' }],
  ['other hosts in lower case', { no_proxy: 'db.example' }],
])('run.mjs adds this machine to the exceptions of the proxies (%s so far)', async (_, exceptions) => {
  const { url, requests } = await startReceiver()
  const script = `await fetch('${url}'); console.log(process.env.NO_PROXY, process.env.no_proxy)`
  const env = { ...proxies, ...exceptions }
  const said = await runOurs(['node', '--input-type=module', '-e', script], env)
  const all = [...Object.values(exceptions), 'localhost', '127.0.0.1', '::1'].join()
  expect(said).toBe(`${all} ${all}\n`)
  expect(requests).toHaveLength(1)
})

test('run.mjs leaves the exceptions of the proxies alone if there are no proxies', async () => {
  const script = 'console.log(process.env.NO_PROXY, process.env.no_proxy)'
  const none = Object.fromEntries(Object.keys(proxies).map(name => [name, undefined]))
  expect(await runOurs(['node', '-e', script], none)).toBe('undefined undefined\n')
})

/** What a command that run.mjs starts prints. */
async function runOurs(command: string[], env: Record<string, string | undefined>): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'run.mjs'), ...command], {
    env: { ...process.env, ...env },
  })
  return stdout
}
