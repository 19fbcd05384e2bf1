// The console's sign-in: a key for a cookie, and what ends the session.

import { beforeAll, describe, expect, test, vi } from 'vitest'
import { openKeyring } from '../../delivery/secrets.ts'
import { hashOf } from '../../functions/access/api-keys.ts'
import { writeLinkCode } from '../../functions/console/link.ts'
import { testSettings } from '../support/settings.ts'
import { type Console, send, startConsole, visitor } from './console.ts'

let it: Console
beforeAll(async () => {
  it = await startConsole()
})

const signInForm = (fields: Record<string, string>, headers: Record<string, string> = { origin: it.url }) =>
  send(it.url, '/console/sign-in', { method: 'POST', body: new URLSearchParams(fields), headers })

test('a browser that asks for the root is led to the console, a program is not', async () => {
  const browser = await send(it.url, '/', { headers: { accept: 'text/html,*/*' } })
  expect([browser.status, browser.headers.get('location')]).toEqual([302, '/console'])
  expect((await send(it.url, '/')).status).toBe(401)
})

test('whoever is not signed in is sent to the sign-in, and from there back to the page', async () => {
  const page = await send(it.url, '/console/deliveries?state=dead')
  const next = '/console/deliveries?state=dead'
  expect([page.status, page.headers.get('location')]).toEqual([
    303,
    `/console/sign-in?next=${encodeURIComponent(next)}`,
  ])
  const answer = await signInForm({ key: 'dev', next })
  expect([answer.status, answer.headers.get('location')]).toEqual([303, next])
})

test.each([
  'https://other.example/',
  '//other.example/',
  '/console/\\other.example',
  '/v1/keys',
  '/consoles/',
])('the sign-in leads nowhere but into the console: not to %s', async next => {
  expect((await signInForm({ key: 'dev', next })).headers.get('location')).toMatch(/^\/console(\/[^\\]*)?$/)
})

test('a link from elsewhere, which brings no Strict cookie along, opens the page it leads to', async () => {
  const page = await send(it.url, '/console/events?type=a', { headers: { 'sec-fetch-site': 'cross-site' } })
  expect(page.status).toBe(200)
  expect(page.text).toContain('content="0;url=/console/events?type=a"')
})

test('the cookie is for this path alone, out of reach for scripts and other sites, and holds no key', async () => {
  const cookie = (await signInForm({ key: 'dev' })).headers.get('set-cookie')!
  expect(cookie).toMatch(
    /^outbox_console=[\w-]{100,}; Max-Age=28800; Path=\/console; HttpOnly; SameSite=Strict$/,
  )
  expect(Buffer.from(cookie.slice(15).split(';')[0]!, 'base64url').includes('dev:')).toBe(false)
})

test('anywhere but on this machine the cookie is Secure', async () => {
  const headers = { origin: 'http://outbox.example', host: 'outbox.example' }
  const { createOutbox } = await import('../../functions/app.ts')
  const request = new Request('http://outbox.example/console/sign-in', {
    method: 'POST',
    body: new URLSearchParams({ key: 'dev' }),
    headers,
  })
  const answer = await createOutbox().fetch(request, {
    ...testSettings,
    DATABASE_URL: 'postgres://u@127.0.0.1:1/db',
  })
  expect(answer.headers.get('set-cookie')).toContain('; Secure')
})

test('a wrong key is refused in words, on the same page', async () => {
  const page = await signInForm({ key: 'wrong' })
  expect(page.status).toBe(401)
  expect(page.text).toContain('This key is not known here.')
  expect(page.headers.get('set-cookie')).toBeNull()
})

test('a form of another site signs nobody in', async () => {
  for (const headers of [
    { origin: 'https://other.example' },
    { 'sec-fetch-site': 'cross-site', origin: it.url },
    {},
  ]) {
    const page = await signInForm({ key: 'dev' }, headers as Record<string, string>)
    expect(page.status, JSON.stringify(headers)).toBe(403)
    expect(page.headers.get('set-cookie')).toBeNull()
  }
})

describe('the session ends', () => {
  const isIn = async (who: { get(path: string): Promise<{ status: number }> }) =>
    (await who.get('/console')).status === 200

  test('after eight hours', async () => {
    const who = await it.signIn()
    expect(await isIn(who)).toBe(true)
    vi.useFakeTimers({ now: Date.now() + 8 * 3_600_000 + 1_000, toFake: ['Date'] })
    try {
      expect(await isIn(who)).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })

  test('with the key that was revoked', async () => {
    const { id, key } = (await it.api('POST', '/v1/keys', { name: 'guest' })).body
    const who = await it.signIn(key)
    expect(await isIn(who)).toBe(true)
    await it.api('DELETE', `/v1/keys/${id}`)
    expect(await isIn(who)).toBe(false)
  })

  test('with the key whose time is over', async () => {
    const { key } = (await it.api('POST', '/v1/keys', { name: 'short', expires_at: '2999-01-01T00:00:00Z' }))
      .body
    const who = await it.signIn(key)
    expect(await isIn(who)).toBe(true)
    await it.db.query(`update outbox.api_keys set expires_at = clock_timestamp() where name = 'short'`)
    expect(await isIn(who)).toBe(false)
  })

  test('by signing out', async () => {
    const who = await it.signIn()
    const answer = await who.post('/console/sign-out')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/console/sign-in'])
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
  })

  test('when a single character of the cookie was changed', async () => {
    const { cookie } = await it.signIn()
    const at = cookie.length - 20
    const other = cookie[at] === 'A' ? 'B' : 'A'
    expect(await isIn(visitor(it.url, cookie.slice(0, at) + other + cookie.slice(at + 1)))).toBe(false)
    expect(await isIn(visitor(it.url, 'outbox_console=nothing'))).toBe(false)
  })
})

describe('a link that signs in', () => {
  const code = async (nowMs?: number) =>
    writeLinkCode(await openKeyring(testSettings.OUTBOX_MASTER_KEYS), await hashOf('dev'), nowMs)
  const open = async (text: string) => send(it.url, `/console/link?code=${text}`)

  test('works once', async () => {
    const text = await code()
    const first = await open(text)
    expect([first.status, first.headers.get('location')]).toEqual([303, '/console'])
    const cookie = first.headers.get('set-cookie')!.split(';')[0]!
    expect((await visitor(it.url, cookie).get('/console')).status).toBe(200)
    const second = await open(text)
    expect([second.status, second.headers.get('set-cookie')]).toEqual([401, null])
  })

  test('is made for whoever has a key, and signs in as that key: here as a tenant that reads', async () => {
    const make = async () => {
      const answer = await it.api('POST', '/v1/console/links', undefined, given.key)
      expect(answer.status).toBe(201)
      expect(Date.parse(answer.body.expires_at)).toBeCloseTo(Date.now() + 30 * 60_000, -5)
      return answer.body.path as string
    }
    const { body: given } = await it.api('POST', '/v1/keys', { name: 'portal', tenant: 'acme' })
    const entered = await send(it.url, await make())
    const tenant = visitor(it.url, entered.headers.get('set-cookie')!.split(';')[0]!)
    expect((await tenant.get('/console')).text).toContain('what belongs to tenant <b><bdi>acme</bdi></b>')
    expect((await tenant.get('/console/system')).status).toBe(404)
    expect((await tenant.get('/console/endpoints/new')).text).not.toContain('<button class="btn primary"')

    const unused = await make()
    expect((await it.api('DELETE', `/v1/keys/${given.id}`)).status).toBe(204)
    expect((await send(it.url, unused)).status).toBe(401)
    expect((await tenant.get('/console')).status).toBe(303)
  })

  test('does not work after half an hour, nor when it was made up', async () => {
    expect((await open(await code(Date.now() - 30 * 60_000 - 1))).status).toBe(401)
    expect((await open('AAAA')).status).toBe(401)
    expect((await open('')).status).toBe(401)
  })
})

test('every page forbids what it does not need, and is kept by nobody', async () => {
  const page = await (await it.signIn()).get('/console')
  const policy = page.headers.get('content-security-policy')!
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
  expect(policy).not.toContain('unsafe')
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
})

test('its files may be kept for ever, because their names change with their content', async () => {
  const [file] = /console\/assets\/console\.[0-9a-f]+\.css/.exec(
    (await send(it.url, '/console/sign-in')).text,
  )!
  const answer = await send(it.url, `/${file}`)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect((await send(it.url, '/console/assets/..%2f..%2fpackage.json')).status).toBe(404)
})
