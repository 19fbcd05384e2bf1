// Somebody who came through an access proxy is signed in by the token that it signs, and by nothing that only looks like one.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Jwt } from 'hono/utils/jwt'
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createOutbox } from '../../functions/app.ts'
import { atEnd } from '../support/cleanup.ts'
import { testSettings } from '../support/settings.ts'
import { type Console, send, startConsole, visitor } from './console.ts'

const audience = 'aud-of-the-console'

interface SigningKey {
  readonly kid: string
  readonly alg: 'RS256'
  readonly privateKey: JsonWebKey
  readonly publicKey: JsonWebKey
}

async function makeKey(kid: string): Promise<SigningKey> {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  }
  const pair = (await crypto.subtle.generateKey({ ...algorithm, hash: 'SHA-256' }, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.exportKey('jwk', pair.privateKey),
    crypto.subtle.exportKey('jwk', pair.publicKey),
  ])
  return { kid, alg: 'RS256', privateKey: privateKey as JsonWebKey, publicKey: publicKey as JsonWebKey }
}

/** The proxy's address for its keys, as Cloudflare Access has it. */
async function startKeyServer() {
  const served: SigningKey[] = []
  let asked = 0
  const server = createServer((request, response) => {
    asked++
    if (request.url !== '/cdn-cgi/access/certs') return response.writeHead(404).end()
    const keys = served.map(({ kid, alg, publicKey }) => ({ ...publicKey, kid, alg, use: 'sig' }))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(async () => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, served, asked: () => asked }
}

let keys: Awaited<ReturnType<typeof startKeyServer>>
let key: SigningKey
let it: Console
beforeAll(async () => {
  ;[keys, key] = await Promise.all([startKeyServer(), makeKey('first')])
  keys.served.push(key)
  it = await startConsole({
    OUTBOX_ACCESS_TEAM_DOMAIN: keys.url,
    OUTBOX_ACCESS_AUDIENCE: audience,
    OUTBOX_ACCESS_ADMINS: 'Boss@example.com',
  })
})

const seconds = () => Math.floor(Date.now() / 1000)

const claims = (more: object = {}) => ({
  iss: keys.url,
  aud: [audience],
  email: 'ops@example.com',
  sub: 'user',
  iat: seconds(),
  nbf: seconds(),
  exp: seconds() + 3600,
  ...more,
})

const sign = (payload: object, { kid, alg, privateKey } = key) =>
  Jwt.sign(payload as never, { ...privateKey, kid, alg } as never)

const come = (token: string, path = '/console', headers: Record<string, string> = {}) =>
  send(it.url, path, { headers: { 'cf-access-jwt-assertion': token, ...headers } })

const cookieOf = (page: { headers: Headers }) => page.headers.get('set-cookie')?.split(';')[0] ?? ''

test('whoever the proxy vouches for sees the page at once, and goes on with the cookie alone', async () => {
  const page = await come(await sign(claims()), '/console/deliveries?state=dead')
  expect(page.status).toBe(200)
  expect(page.text).toContain('ops@example.com')
  expect(page.headers.get('set-cookie')).toMatch(/Path=\/console; HttpOnly; SameSite=Strict$/)
  const later = await visitor(it.url, cookieOf(page)).get('/console')
  expect([later.status, later.headers.get('set-cookie')]).toEqual([200, null])
})

test('a link from elsewhere opens the page: the proxy has let it through', async () => {
  const page = await come(await sign(claims()), '/console/events', { 'sec-fetch-site': 'cross-site' })
  expect(page.text).toContain('<h1>Events</h1>')
})

test('only named people may change something, and the audit names them', async () => {
  const reader = visitor(it.url, cookieOf(await come(await sign(claims()))))
  expect((await reader.post('/console/endpoints', { url: 'https://example.com/' })).status).toBe(403)
  const boss = visitor(it.url, cookieOf(await come(await sign(claims({ email: 'boss@Example.com' })))))
  expect((await boss.post('/console/endpoints', { url: 'https://example.com/', which: 'all' })).status).toBe(
    200,
  )
  const { rows } = await it.db.query(`select who from outbox.audit where action = 'endpoint.created'`)
  expect(rows).toEqual([{ who: 'boss@example.com' }])
})

test('a form without a session is refused, although the proxy has let it through', async () => {
  const page = await send(it.url, '/console/endpoints', {
    method: 'POST',
    body: new URLSearchParams({ url: 'https://example.com/' }),
    headers: { 'cf-access-jwt-assertion': await sign(claims({ email: 'boss@example.com' })), origin: it.url },
  })
  expect(page.status).toBe(401)
})

describe('at the door', () => {
  const unsigned = (payload: object) =>
    `${encode({ alg: 'none', typ: 'JWT', kid: key.kid })}.${encode(payload)}.`
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const other = { iss: 'https://other.cloudflareaccess.com' }
  test.each<[what: string, token: () => string | Promise<string>]>([
    ['somebody without a token', () => ''],
    ['a text that is no token', () => 'nonsense'],
    ['a token for another application', () => sign(claims({ aud: ['another'] }))],
    ['a token without an audience', () => sign(claims({ aud: undefined }))],
    ['a token of another team', () => sign(claims(other))],
    ['a token without an issuer', () => sign(claims({ iss: undefined }))],
    ['a token that is over', () => sign(claims({ exp: seconds() - 1 }))],
    ['a token without an end', () => sign(claims({ exp: undefined }))],
    ['a token that is not good yet', () => sign(claims({ nbf: seconds() + 3600 }))],
    ['a token of a service, which is nobody', () => sign(claims({ email: undefined, common_name: 'ci' }))],
    ['a token signed with a key that is not served', async () => sign(claims(), await makeKey('foreign'))],
    [
      'a token signed with another key under the name of one that is served',
      async () => sign(claims(), { ...(await makeKey('x')), kid: key.kid }),
    ],
    ['a token that is not signed (alg none)', () => unsigned(claims())],
    [
      'a token signed with the public key as a shared secret',
      async () => {
        const secret = JSON.stringify(key.publicKey)
        const [, payload, signature] = (await Jwt.sign(claims() as never, secret, 'HS256')).split('.')
        return `${encode({ alg: 'HS256', typ: 'JWT', kid: key.kid })}.${payload}.${signature}`
      },
    ],
    [
      'a token of which one character was changed',
      async () => {
        const [header, , signature] = (await sign(claims())).split('.')
        return `${header}.${encode(claims({ email: 'boss@example.com' }))}.${signature}`
      },
    ],
  ])('%s is sent to the sign-in, without a cookie', async (_, token) => {
    const page = await come(await token())
    expect([page.status, page.headers.get('set-cookie')]).toEqual([303, null])
    expect(page.headers.get('location')).toBe('/console/sign-in')
  })
})

describe('the session ends', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] })
    return () => vi.useRealTimers()
  })
  const isIn = async (cookie: string) => (await visitor(it.url, cookie).get('/console')).status === 200

  test('with the token, where that is over sooner', async () => {
    const cookie = cookieOf(await come(await sign(claims({ exp: seconds() + 600 }))))
    vi.setSystemTime(Date.now() + 590_000)
    expect(await isIn(cookie)).toBe(true)
    vi.setSystemTime(Date.now() + 20_000)
    expect(await isIn(cookie)).toBe(false)
  })

  test('after eight hours, where the token is good for longer', async () => {
    const cookie = cookieOf(await come(await sign(claims({ exp: seconds() + 86_400 }))))
    vi.setSystemTime(Date.now() + 8 * 3_600_000 + 1_000)
    expect(await isIn(cookie)).toBe(false)
  })
})

test('new keys of the proxy are fetched when one is met, and made-up ones make us ask no more often', async () => {
  const next = await makeKey('next')
  keys.served.push(next)
  vi.useFakeTimers({ now: Date.now() + 11_000, toFake: ['Date'] })
  try {
    expect((await come(await sign(claims(), next))).status).toBe(200)
    const asked = keys.asked()
    const madeUp = await makeKey('made-up')
    for (let i = 0; i < 20; i++) await come(await sign(claims(), { ...madeUp, kid: `made-up-${i}` }))
    expect(keys.asked()).toBe(asked)
  } finally {
    vi.useRealTimers()
  }
})

test('a session of the proxy is none where the proxy is not set', async () => {
  const token = await sign(claims())
  const without = await startConsole()
  const page = await send(without.url, '/console', { headers: { 'cf-access-jwt-assertion': token } })
  expect(page.status).toBe(303)
})

test.each([
  [{ OUTBOX_ACCESS_TEAM_DOMAIN: 'team.cloudflareaccess.com' }, 'OUTBOX_ACCESS_AUDIENCE'],
  [{ OUTBOX_ACCESS_AUDIENCE: audience }, 'OUTBOX_ACCESS_TEAM_DOMAIN'],
  [
    { OUTBOX_ACCESS_TEAM_DOMAIN: 'http://team.example', OUTBOX_ACCESS_AUDIENCE: audience },
    'OUTBOX_ACCESS_TEAM_DOMAIN',
  ],
])('half a setting, or one that proves nothing, is refused by its name: %j', async (env, name) => {
  const answer = await createOutbox().fetch(new Request('http://localhost/console'), {
    ...testSettings,
    DATABASE_URL: 'postgres://u@127.0.0.1:1/db',
    ...env,
  })
  expect(answer.status).toBe(503)
  expect(await answer.text()).toContain(`${name} is not valid`)
})
