// /docs and /openapi.json: the whole API is there, and the page loads nothing from elsewhere.
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

test('every operation and object of the description is on the page', async () => {
  const { paths, components } = (await api.get('/openapi.json')).body
  const names = Object.keys(components.schemas)
  expect(Object.keys(paths).length).toBeGreaterThan(10)
  expect(names.length).toBeGreaterThan(10)
  for (const path of Object.keys(paths)) expect(page.text).toContain(`<code>${path}</code>`)
  for (const name of names) expect(page.text).toContain(`<section id="${name}">`)
  for (const [, name] of page.text.matchAll(/href="#([^"]+)"/g)) expect(page.text).toContain(`id="${name}"`)
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

test('the page runs no script, fetches nothing, and forbids both', () => {
  expect(page.text).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|@import|url\(|\bon\w+=/i)
  const policy = page.headers.get('content-security-policy')!
  expect(policy).toContain(`default-src 'none'`)
  expect(policy).toContain(`frame-ancestors 'none'`)
  expect(policy).not.toMatch(/unsafe|http|\*/)
})

test('the Content-Security-Policy names the page’s own style by its hash', async () => {
  const style = page.text.match(/<style>(.*?)<\/style>/s)![1]!
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
  expect(page.headers.get('content-security-policy')).toContain(Buffer.from(digest).toString('base64'))
})

test('every POST and PATCH except the receivers’ documents the Idempotency-Key', async () => {
  const { paths } = (await api.get('/openapi.json')).body
  for (const [path, methods] of Object.entries<Record<string, { parameters?: { name: string }[] }>>(paths)) {
    for (const [method, { parameters = [] }] of Object.entries(methods)) {
      const expected = ['post', 'patch'].includes(method) && !path.startsWith('/receivers/')
      expect(
        parameters.some(({ name }) => name === 'Idempotency-Key'),
        `${method} ${path}`,
      ).toBe(expected)
    }
  }
})
