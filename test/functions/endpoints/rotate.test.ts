// Signing keys over their life: made, rotated with an overlap, from one kind to the other. Checked on received webhooks.
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { beforeAll, expect, test } from 'vitest'
import { verify } from '../../../delivery/verify.ts'
import { startTestListener } from '../../support/outbox.ts'
import { type Receiver, startReceiver } from '../../support/receiver.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
let receiver: Receiver
beforeAll(async () => {
  api = await startApi({ OUTBOX_API_KEYS: 'dev:admin:dev,read:read:look' })
  receiver = await startReceiver()
  await startTestListener(api.database.url)
})

const create = async (more = {}) =>
  (await api.post('/v1/endpoints', { url: `${receiver.url}/hook`, ...more })).body
const rotate = (id: string, wanted?: object) =>
  api.call('POST', `/v1/endpoints/${id}/rotate`, { body: wanted })

/** Sends a test event and returns the webhook that arrived. */
async function received(id: string) {
  const seen = receiver.requests.length
  const answer = await api.call('POST', `/v1/endpoints/${id}/test`)
  expect(answer.status).toBe(202)
  const request = (await receiver.waitFor(seen + 1)).at(-1)!
  expect(request.headers['webhook-id']).toBe(answer.body.event_id)
  expect(request.headers['outbox-delivery']).toBe(answer.body.delivery_id)
  expect(JSON.parse(request.body.toString())).toMatchObject({
    type: 'outbox.test',
    data: { endpoint_id: id },
  })
  return request
}

async function accepts(secret: string, { headers, body }: Awaited<ReturnType<typeof received>>) {
  const verdict = await verify(
    new Headers(headers as Record<string, string>),
    body,
    [secret],
    Date.now() / 1000,
  )
  if (secret.startsWith('whsec_')) {
    const outside = () => new Webhook(secret).verify(body, headers as Record<string, string>)
    if (verdict.ok) outside()
    else expect(outside).toThrow()
  }
  return verdict.ok
}

test('an ed25519 endpoint always shows its public key, and webhooks verify with it', async () => {
  const { id, public_key, secret, keys } = await create({ signing: 'ed25519' })
  expect(public_key).toMatch(/^whpk_/)
  expect(secret).toBeUndefined()
  expect(keys).toEqual([{ signing: 'ed25519', public_key, created_at: expect.any(String), expires_at: null }])
  expect((await api.get(`/v1/endpoints/${id}`)).body.keys).toEqual(keys)
  expect(await accepts(public_key, await received(id))).toBe(true)
})

test('in the overlap both the old and the new secret verify, then only the new one', async () => {
  const { id, secret: old } = await create()
  const { status, body } = await rotate(id)
  expect(status).toBe(200)
  expect(body.secret).toMatch(/^whsec_/)
  expect(body.secret).not.toBe(old)
  const [present, past] = body.keys
  expect(present.expires_at).toBeNull()
  const overlapMs = Date.parse(past.expires_at) - Date.parse(present.created_at)
  expect(Math.abs(overlapMs - 86_400_000)).toBeLessThan(1_000) // the clock is read twice
  const during = await received(id)
  expect([await accepts(old, during), await accepts(body.secret, during)]).toEqual([true, true])

  const { secret: newest } = (await rotate(id, { overlap_seconds: 0 })).body
  const after = await received(id)
  expect(await accepts(newest, after)).toBe(true)
  expect([await accepts(old, after), await accepts(body.secret, after)]).toEqual([false, false])
  expect((await api.get(`/v1/endpoints/${id}`)).body.keys).toHaveLength(1)
})

test('from hmac to ed25519 and back: in the overlap both kinds verify', async () => {
  const { id, secret } = await create()
  const changed = (await rotate(id, { signing: 'ed25519' })).body
  expect(changed).toMatchObject({ signing: 'ed25519', public_key: expect.stringMatching(/^whpk_/) })
  expect(changed.secret).toBeUndefined()
  const both = await received(id)
  expect([await accepts(secret, both), await accepts(changed.public_key, both)]).toEqual([true, true])
  const back = (await rotate(id, { signing: 'hmac', overlap_seconds: 0 })).body
  const after = await received(id)
  expect([await accepts(back.secret, after), await accepts(changed.public_key, after)]).toEqual([true, false])
})

test('a rotation can bring an existing secret', async () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const { id } = await create()
  expect((await rotate(id, { secret })).body.secret).toBe(secret)
  expect(await accepts(secret, await received(id))).toBe(true)
})

test('at most ten keys sign at once; without an overlap a rotation always works', async () => {
  const { id } = await create()
  for (let keys = 2; keys <= 10; keys++) expect((await rotate(id)).body.keys).toHaveLength(keys)
  expect((await rotate(id)).status).toBe(409)
  expect((await rotate(id, { overlap_seconds: 0 })).body.keys).toHaveLength(1)
})

test('of many rotations at once each succeeds or answers 409, and one key is left without an end', async () => {
  const { id } = await create()
  const answers = await Promise.all(Array.from({ length: 8 }, () => rotate(id)))
  const made = answers.filter(({ status }) => status === 200)
  expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true)
  const { keys } = (await api.get(`/v1/endpoints/${id}`)).body
  expect(keys).toHaveLength(made.length + 1)
  expect(keys.filter((key: { expires_at: null }) => key.expires_at === null)).toHaveLength(1)
  const request = await received(id)
  for (const { body } of made) expect(await accepts(body.secret, request)).toBe(true)
})

test.each([
  ['an overlap below zero', { overlap_seconds: -1 }, 'overlap_seconds'],
  ['more than a week', { overlap_seconds: 604_801 }, 'overlap_seconds'],
  ['half a second', { overlap_seconds: 0.5 }, 'overlap_seconds'],
  ['another kind', { signing: 'rsa' }, 'signing'],
  ['a secret of the other kind', { signing: 'ed25519', secret: `whsec_${'A'.repeat(32)}` }, 'secret'],
  ['a short secret', { secret: 'whsec_CANARY' }, 'secret'],
])('refuses %s', async (_, wanted, path) => {
  const { id } = await create()
  const answer = await rotate(id, wanted)
  expect(answer.status).toBe(400)
  expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
  expect(answer.text).not.toContain('CANARY')
})

test('a test event goes to one endpoint alone, and not to a disabled one', async () => {
  const [one, other] = [await create(), await create()]
  await received(one.id)
  expect((await api.get(`/v1/deliveries?endpoint_id=${other.id}`)).body.data).toEqual([])
  await api.call('POST', `/v1/endpoints/${one.id}/disable`)
  expect((await api.call('POST', `/v1/endpoints/${one.id}/test`)).status).toBe(409)
})
