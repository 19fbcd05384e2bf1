// The package in somebody's own Worker, bundled by wrangler: what it weighs, and that it works beside their routes and cron.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, inject, test } from 'vitest'
import { wrangler } from '../../dev/services/functions.ts'
import { freshDatabase } from '../support/database.ts'
import { startReceiver } from '../support/receiver.ts'
import { startWorker } from '../support/worker.ts'
import { type Installed, installPackage, withoutOuterNpm } from './tarball.ts'

const without = `import { Hono } from 'hono'
const app = new Hono().get('/', c => c.text('theirs'))
export default { fetch: app.fetch }`

const mounted = `import { Hono } from 'hono'
import { createOutbox } from 'outbox/app'
const outbox = createOutbox()
const app = new Hono()
  .get('/', c => c.text('theirs'))
  .route('/webhooks', outbox.app)
  .notFound(c => c.text('their 404', 404))
export default {
  fetch: app.fetch,
  async scheduled({ cron }, env) {
    if (cron === '* * * * *') await outbox.scheduled(null, env)
    else console.log('their cron ' + cron)
  },
}`

const withEdge = `${mounted}
import { createEdge } from 'outbox/edge'
export const edge = createEdge({})`

let installed: Installed
beforeAll(async () => {
  installed = await installPackage()
})

/** Returns the folder of the bundle, which is made once. */
function bundled(code: string, ...options: string[]): string {
  const name = `worker-${createHash('sha256')
    .update([code, ...options].join())
    .digest('hex')
    .slice(0, 8)}`
  if (existsSync(join(installed.folder, name))) return join(installed.folder, name)
  const { compatibilityDate, compatibilityFlags } = inject('compatibility')
  writeFileSync(join(installed.folder, `${name}.js`), code)
  writeFileSync(
    join(installed.folder, `${name}.json`),
    JSON.stringify({
      name,
      main: `${name}.js`,
      compatibility_date: compatibilityDate,
      compatibility_flags: compatibilityFlags,
    }),
  )
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', `${name}.json`, '--outdir', name, ...options],
    { cwd: installed.folder, encoding: 'utf8', env: withoutOuterNpm() },
  )
  expect(status, stdout + stderr).toBe(0)
  return join(installed.folder, name)
}

/** Of all that is uploaded. */
function gzipBytes(code: string, ...options: string[]): number {
  const folder = bundled(code, ...options)
  const files = readdirSync(folder).filter(file => file.endsWith('.js'))
  return gzipSync(Buffer.concat(files.map(file => readFileSync(join(folder, file))))).length
}

test.each([
  ['as wrangler leaves it', []],
  ['minified', ['--minify']],
])('it adds at most 350 kB to a Worker that has Hono, %s', (_, options) => {
  const added = gzipBytes(mounted, ...options) - gzipBytes(without, ...options)
  expect(added).toBeLessThanOrEqual(350_000)
  expect(added).toBeGreaterThan(100_000) // or it was not there
})

test('what outbox/app and outbox/edge have in common is in a Worker once', () => {
  expect(gzipBytes(withEdge) - gzipBytes(mounted)).toBeLessThan(10_000)
})

test('what it bundles brings its licences along', () => {
  const text = readFileSync(join(installed.folder, 'node_modules/outbox/dist/workerd/LICENSES.txt'), 'utf8')
  for (const name of ['zod', 'drizzle-orm', 'pg', '@hono/zod-openapi'])
    expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+, (MIT|Apache-2.0|ISC)$`, 'm'))
})

test.each([
  ['Neon’s driver', {}],
  ['a socket', { NEON_PROXY: '' }],
])(
  'in workerd, with %s, it has API, console and cron under its path, beside what is theirs',
  async (_, driver) => {
    const db = await freshDatabase()
    const receiver = await startReceiver()
    const folder = bundled(mounted)
    const script = join(folder, `${basename(folder)}.js`) as `/${string}`
    const worker = await startWorker({ ...db.env, ...driver, OUTBOX_API_KEYS: 'ops:admin:dev' }, script)
    const call = async (method: string, path: string, body?: unknown) => {
      const answer = await worker.fetch(path, {
        method,
        headers: { authorization: 'Bearer dev', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: answer.status, text: await answer.text() }
    }
    expect(await call('GET', '/')).toEqual({ status: 200, text: 'theirs' })
    expect(await call('GET', '/nothing')).toEqual({ status: 404, text: 'their 404' })
    expect((await call('GET', '/webhooks/nothing')).text).toContain('There is nothing here.')

    const endpoint = { url: receiver.url, event_types: ['a.cron'] }
    const made = await call('POST', '/webhooks/v1/endpoints', endpoint)
    expect(made.status, worker.logs().join('\n')).toBe(201)
    const event = await call('POST', '/webhooks/v1/events', { type: 'a.cron', data: { n: 1 } })
    expect(event.status).toBe(202)
    expect(await worker.scheduled(new Date(), '0 3 * * *')).toBe('ok')
    expect(receiver.requests).toHaveLength(0)
    expect(worker.logs().join()).toContain('their cron 0 3 * * *')
    expect(await worker.scheduled()).toBe('ok')
    expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([JSON.parse(event.text).id])

    // A mistake is answered in zod's English, which the bundle has kept.
    const wrong = await call('POST', '/webhooks/v1/endpoints', { url: 7 })
    expect(wrong.status).toBe(400)
    expect(wrong.text).toMatch(/expected string, received number/)
    expect((await call('GET', '/webhooks/openapi.json')).text).toContain('"/v1/events"')
    expect((await call('GET', '/webhooks/console/')).status).toBeLessThan(400)
  },
)
