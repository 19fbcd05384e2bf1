// The outbox under a base path of somebody's own Worker (test/support/workers/mounted.worker.ts), in workerd: it answers as
// at the root, and leaves alone what is theirs.
import { beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../support/database.ts'
import { startReceiver } from '../support/receiver.ts'
import { startWorker, type TestWorker } from '../support/worker.ts'
import { withoutWaiting } from './api.ts'

const keys = { OUTBOX_API_KEYS: 'ops:admin:dev,viewer:read:look,seven:admin:k7:7,eight:admin:k8:8' }
let db: TestDatabase
let worker: TestWorker
let atRoot: TestWorker
beforeAll(async () => {
  db = await freshDatabase()
  worker = await startWorker({ ...db.env, ...keys }, 'mounted/mounted.worker.js')
  atRoot = await startWorker({ ...db.env, ...keys })
})

interface Call {
  key?: string
  body?: unknown
}

async function call(method: string, path: string, { key = 'dev', body }: Call = {}, where = worker) {
  const headers = {
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const answer = await where.fetch(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  return { status: answer.status, type, text, body: type.includes('json') ? JSON.parse(text) : null }
}

describe.each([
  ['with app.route()', '/webhooks'],
  ['with app.mount()', '/mounted'],
])('%s', (_, base) => {
  test('a tenant key sees and writes what is its own, and nothing else', async () => {
    const url = 'http://127.0.0.1:1999/hook'
    const made = await call('POST', `${base}/v1/endpoints`, { key: 'k7', body: { url } })
    expect(made.status).toBe(201)
    const path = `${base}/v1/endpoints/${made.body.id}`
    expect((await call('GET', path, { key: 'k7' })).body).toMatchObject({ tenant: '7' })
    expect((await call('GET', path, { key: 'k8' })).status).toBe(404)
    expect((await call('GET', path)).status).toBe(200)
    expect((await call('GET', `${base}/v1/audit`, { key: 'k7' })).status).toBe(403)
    const foreign = { url, tenant: '8' }
    expect((await call('POST', `${base}/v1/endpoints`, { key: 'k7', body: foreign })).status).toBe(403)
    expect((await call('GET', `${base}/v1/endpoints`, { key: '' })).status).toBe(401)
    expect((await call('DELETE', path, { key: 'look' })).status).toBe(403)
    expect((await call('DELETE', path, { key: 'k7' })).status).toBe(204)
  })

  test('an unknown path is answered with problem details, and only callers with a key learn that it is', async () => {
    for (const path of ['/nothing', '/v1', '/v1/nothing/at/all', '/v1/events/a/b/c', '/']) {
      const unknown = await call('GET', base + path)
      expect(unknown, path).toMatchObject({
        status: 404,
        type: 'application/problem+json',
        body: { status: 404, detail: 'There is nothing here.' },
      })
      expect((await call('GET', base + path, { key: 'k7' })).status, path).toBe(404)
      expect(await call('POST', base + path, { key: '' }), path).toMatchObject({
        status: 401,
        type: 'application/problem+json',
      })
    }
    expect((await call('PUT', `${base}/v1/events`)).body).toMatchObject({ status: 405 })
  })

  test('the description says where it is, and has the paths that it has at the root', async () => {
    const here = (await call('GET', `${base}/openapi.json`, { key: '' })).body
    const rootPaths = Object.keys((await call('GET', '/openapi.json', {}, atRoot)).body.paths)
    expect(here.servers).toEqual([{ url: base }])
    const shop = /^\/(orders|clients|receivers)/
    expect(Object.keys(here.paths).sort()).toEqual(rootPaths.filter(path => !shop.test(path)).sort())
  })

  test('a path of the description, put behind its server’s URL, is a route', async () => {
    const { servers, paths } = (await call('GET', `${base}/openapi.json`)).body
    for (const [path, methods] of Object.entries<Record<string, unknown>>(paths)) {
      if (!methods.get || path.includes('{')) continue
      const { status } = await call('GET', withoutWaiting(servers[0].url + path))
      expect(status, path).toBeLessThan(500)
      expect(status, path).not.toBe(404)
    }
  })

  test('the page of the description is drawn from the document as one calls it, and its link leads there', async () => {
    const page = await call('GET', `${base}/docs`, { key: '' })
    expect(page).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' })
    expect(page.text).toContain(`data-description="${base}/openapi.json"`)
    for (const [, file] of page.text.matchAll(/src="([^"]+)"/g))
      expect(file).toMatch(`${base}/console/assets/`)
    const [, link] = /<a href="([^#"]+)">/.exec(page.text)!
    const { pathname } = new URL(link!, `${worker.url}${base}/docs`)
    const { openapi, servers } = (await call('GET', pathname)).body
    expect(openapi).toMatch(/^3\.1/)
    expect(servers).toEqual([{ url: base }])
  })
})

test('what is theirs is answered by them: pages, 404 and errors, also under the base path', async () => {
  const theirs = async (path: string) => {
    const answer = await worker.fetch(path)
    expect(answer.headers.get('x-theirs'), path).toBe('yes')
    expect(answer.headers.get('x-request-id'), path).toBeNull()
    return `${answer.status} ${await answer.text()}`
  }
  for (const path of ['/', '/webhooks/before', '/webhooks/after'])
    expect(await theirs(path), path).toBe('200 their page')
  for (const path of ['/nothing', '/webhooksandmore', '/v1/events', '/openapi.json', '/docs'])
    expect(await theirs(path), path).toBe('404 their 404')
  for (const path of ['/broken', '/webhooks/after/broken'])
    expect(await theirs(path), path).toBe('500 their error page')
})

test('while a setting is wrong, the outbox answers 503 with its name, and their pages are there', async () => {
  const wrong = await startWorker({ ...db.env, OUTBOX_MASTER_KEYS: 'a:CANARY' }, 'mounted/mounted.worker.js')
  for (const path of ['/webhooks/v1/events', '/webhooks/nothing', '/webhooks/docs']) {
    const answer = await call('GET', path, {}, wrong)
    expect(answer, path).toMatchObject({ status: 503, type: 'application/problem+json' })
    expect(answer.body.detail).toContain('OUTBOX_MASTER_KEYS is not valid')
  }
  expect((await call('GET', '/', {}, wrong)).text).toBe('their page')
  expect((await call('GET', '/nothing', {}, wrong)).text).toBe('their 404')
})

test('its cron delivers what is due, beside their own', async () => {
  const receiver = await startReceiver()
  const endpoint = { url: receiver.url, event_types: ['a.cron'] }
  expect((await call('POST', '/webhooks/v1/endpoints', { body: endpoint })).status).toBe(201)
  const event = await call('POST', '/webhooks/v1/events', { body: { type: 'a.cron', data: { n: 1 } } })
  expect(event.status).toBe(202)
  expect(await worker.scheduled(new Date(), '0 3 * * *')).toBe('ok')
  expect(receiver.requests).toHaveLength(0)
  expect(worker.logs().join()).toContain('their cron 0 3 * * *')
  expect(await worker.scheduled()).toBe('ok')
  expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([event.body.id])
})
