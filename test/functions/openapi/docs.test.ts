// /docs and /openapi.json: the whole API is there, and the page loads nothing from elsewhere. How it is drawn:
// test/console/api-page.test.ts.
import { beforeAll, expect, test } from 'vitest'
import { type Api, startApi } from '../api.ts'

let api: Api
let page: { status: number; headers: Headers; text: string }
beforeAll(async () => {
  api = await startApi()
  const answer = await api.worker.fetch('/docs')
  page = { status: answer.status, headers: answer.headers as never, text: await answer.text() }
})

test('the page needs no key and is HTML', () => {
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
})

test('the page is drawn from the description, which names every operation and object', async () => {
  const { paths, components } = (await api.get('/openapi.json')).body
  expect(Object.keys(paths).length).toBeGreaterThan(10)
  expect(Object.keys(components.schemas).length).toBeGreaterThan(10)
  expect(page.text).toContain('data-description="/openapi.json"')
})

test('every operation has an operationId of its own, which begins with a verb', async () => {
  const { paths } = (await api.get('/openapi.json')).body as {
    paths: Record<string, Record<string, { operationId?: string }>>
  }
  const ids = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => method !== 'parameters')
      .map(([method, { operationId }]) => operationId ?? `${method} ${path} has none`),
  )
  expect(ids.length).toBeGreaterThan(25)
  expect(new Set(ids).size).toBe(ids.length)
  for (const id of ids) expect(id).toMatch(/^(list|get|create|update|delete|[a-z]+)([A-Z]\w*)?$/)
})

test('the page takes everything from here, holds no script itself, and forbids both', () => {
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!)
  expect(files.filter(file => !file.startsWith('/') && file !== 'data:,')).toEqual([])
  expect(page.text).not.toMatch(/<script(?! src=)|<style|<img|<iframe|@import|url\(|\bon\w+=/i)
  const policy = page.headers.get('content-security-policy')!
  expect(policy).toContain(`default-src 'none'`)
  expect(policy).toContain(`script-src 'self'; style-src 'self';`)
  expect(policy).toContain(`frame-ancestors 'none'`)
  expect(policy).not.toMatch(/unsafe|http|\*/)
})

// A repeat must ring again.
test('every POST and PATCH except the receivers’ and the ring documents the Idempotency-Key', async () => {
  const { paths } = (await api.get('/openapi.json')).body
  for (const [path, methods] of Object.entries<Record<string, { parameters?: { name: string }[] }>>(paths)) {
    for (const [method, { parameters = [] }] of Object.entries(methods)) {
      const expected =
        ['post', 'patch'].includes(method) &&
        !path.startsWith('/receivers/') &&
        !['/v1/ring', '/v1/console/links'].includes(path)
      expect(
        parameters.some(({ name }) => name === 'Idempotency-Key'),
        `${method} ${path}`,
      ).toBe(expected)
    }
  }
})
