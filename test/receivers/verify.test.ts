// What a receiver's verify() says about a request, as every runtime and framework hands it over.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { beforeAll, describe, expect, test } from 'vitest'
import { generateSecret } from '../../delivery/keys.ts'
import { ed25519Signer, hmacSigner, signedHeaders } from '../../delivery/signature.ts'
import { keepRawBodiesIn, keepRawBody, verify } from '../../exports/verify.ts'
import { atEnd } from '../support/cleanup.ts'
import { type Calls, runtimes } from '../support/runtimes.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const other = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
/** Spaces as Postgres prints them, and a number that does not survive JSON.parse. */
const body =
  '{"type":"order.shipped","timestamp":"2026-11-01T12:00:00.123456Z","data":{"id" : 17, "big" : 9007199254740993}}'
const event = JSON.parse(body)
const now = () => Math.floor(Date.now() / 1000)

function signed(text = body, at = now(), key = secret) {
  const bytes = new TextEncoder().encode(text)
  return signedHeaders('evt_1', at, bytes, [hmacSigner(Buffer.from(key.slice(6), 'base64'))])
}

describe.each(runtimes)('with a Request of $runtime', ({ start }) => {
  let calls: Calls
  beforeAll(async () => {
    calls = await start()
  })
  const at = 1_700_000_000
  const length = String(body.length)

  test('a signed webhook is its event, its id and its text', async () => {
    const headers = await signed(body, at)
    expect(await calls.verifyWebhook(headers, body, secret, at)).toEqual({
      ok: true,
      event,
      webhookId: 'evt_1',
      timestampSeconds: at,
      text: body,
    })
  })

  test('any of several secrets will do, with white space around it', async () => {
    const headers = await signed(body, at)
    expect(await calls.verifyWebhook(headers, body, [other, `${secret}\n`], at)).toMatchObject({ ok: true })
  })

  test('a request without webhook headers is no webhook', async () => {
    expect(await calls.verifyWebhook({}, body, secret, at)).toMatchObject({
      ok: false,
      problem: 'missing_headers',
    })
  })

  test.each([
    [360, '360 s old'],
    [-360, '360 s ahead'],
  ])('a webhook that is %i s old is refused for its time', async (age, words) => {
    const verified = await calls.verifyWebhook(await signed(body, at), body, secret, at + age)
    expect(verified).toMatchObject({
      ok: false,
      problem: 'timestamp',
      message: expect.stringContaining(words),
    })
  })

  test.each([
    ['another secret', body, other, { 'content-length': length }, 'secret', "is it this endpoint's"],
    [
      'a cut body',
      body.slice(0, -2),
      secret,
      { 'content-length': length },
      'body',
      `and ${length} were sent`,
    ],
    [
      'another secret or body, with nothing that tells which',
      body,
      other,
      {},
      'signature',
      'another one, or',
    ],
  ])('%s is named', async (_, text, key, headers, problem, words) => {
    const all = { ...(await signed(body, at)), ...headers }
    const request = { headers: new Headers(all as Record<string, string>), body: text }
    expect(await verify(request, key, { nowSeconds: at })).toEqual({
      ok: false,
      problem,
      message: expect.stringContaining(words),
    })
  })

  test('a secret of another kind than the signature is named', async () => {
    const { bytes } = await generateSecret('ed25519')
    const headers = await signedHeaders('evt_1', at, new TextEncoder().encode(body), [ed25519Signer(bytes)])
    expect(await calls.verifyWebhook(headers, body, secret, at)).toMatchObject({
      problem: 'secret',
      message: expect.stringContaining('of another kind'),
    })
  })

  test.each(['[]', '"x"', 'null', '{"type":1}', 'no JSON'])('signed, but no event: %s', async text => {
    expect(await calls.verifyWebhook(await signed(text, at), text, secret, at)).toMatchObject({
      ok: false,
      problem: 'body',
    })
  })
})

test.each([[undefined], [''], [[]], [[secret, '']]])(
  'a missing secret (%o) is a mistake of the receiver, and said at once',
  async missing => {
    const request = new Request('http://receiver/', { method: 'POST', body, headers: await signed() })
    const verifying = verify(request, missing)
    await expect(verifying).rejects.toThrow(/expected a secret/)
  },
)

test('a Request whose body was read before is refused for its body', async () => {
  const request = new Request('http://receiver/', { method: 'POST', body, headers: await signed() })
  await request.json()
  expect(await verify(request, secret)).toMatchObject({ ok: false, problem: 'body' })
})

test.each([
  ['text', body],
  ['bytes', Buffer.from(body)],
  ['an ArrayBuffer', new TextEncoder().encode(body).buffer],
])('headers and body may come apart, the body as %s', async (_, bytes) => {
  expect(await verify({ headers: await signed(), body: bytes }, secret)).toMatchObject({ ok: true })
})

test('headers may have capitals, as some gateways leave them', async () => {
  const capitals = Object.entries(await signed()).map(([name, value]) => [name.toUpperCase(), value])
  expect(await verify({ headers: Object.fromEntries(capitals), body }, secret)).toMatchObject({ ok: true })
})

/** What each says about a good webhook, and about one that was cut on its way. */
interface Framework {
  name: string
  start(): Promise<string>
}

const listening = async (server: ReturnType<typeof createServer>) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const expressApp = (...parsers: express.RequestHandler[]) => {
  const app = express()
  app.use(...parsers)
  app.post('/', async (request, response) => {
    response.json(await verify(request, secret))
  })
  return listening(createServer(app))
}

const frameworks: Framework[] = [
  {
    name: 'node:http',
    start: () =>
      listening(
        createServer(async (request, response) => {
          response.end(JSON.stringify(await verify(request, secret)))
        }),
      ),
  },
  { name: 'Express with express.raw()', start: () => expressApp(express.raw({ type: 'application/json' })) },
  {
    name: 'Express with express.json({ verify: keepRawBody })',
    start: () => expressApp(express.json({ verify: keepRawBody })),
  },
  {
    name: 'Fastify with keepRawBodiesIn()',
    async start() {
      const app = fastify()
      keepRawBodiesIn(app)
      app.post('/', async request => verify(request, secret))
      atEnd(() => app.close())
      return `${await app.listen({ port: 0, host: '127.0.0.1' })}/`
    },
  },
]

describe.each(frameworks)('with $name', ({ start }) => {
  let url: string
  beforeAll(async () => {
    url = await start()
  })
  const post = async (text: string, headers: Record<string, string>) => {
    const sent = { method: 'POST', body: text, headers: { ...headers, 'content-type': 'application/json' } }
    return (await fetch(url, sent)).json()
  }

  test('a signed webhook is accepted', async () => {
    expect(await post(body, await signed())).toMatchObject({
      ok: true,
      event,
      text: body,
      webhookId: 'evt_1',
    })
  })

  test('one signed with another secret is refused', async () => {
    expect(await post(body, await signed(body, now(), other))).toMatchObject({ ok: false, problem: 'secret' })
  })

  test('a request without signature is refused', async () => {
    expect(await post('{}', {})).toMatchObject({ ok: false, problem: 'missing_headers' })
  })
})

test('Express that has parsed the body away is told what to do', async () => {
  const url = await expressApp(express.json())
  const headers = { ...(await signed()), 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', body, headers })
  expect(await response.json()).toMatchObject({
    problem: 'body',
    message: expect.stringContaining('keepRawBody'),
  })
})

test('other routes of Fastify get their parsed bodies as before, and bad JSON is still a 400', async () => {
  const app = fastify()
  keepRawBodiesIn(app)
  app.post('/other', async request => request.body)
  const post = (payload: string) =>
    app.inject({ method: 'POST', url: '/other', payload, headers: { 'content-type': 'application/json' } })
  expect((await post('{"a":[1]}')).json()).toEqual({ a: [1] })
  expect((await post('{"a":')).statusCode).toBe(400)
  expect((await post('{"__proto__":1}')).statusCode).toBe(400)
})
