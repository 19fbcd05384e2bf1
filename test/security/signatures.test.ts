// 500 deliveries with every kind of secret, by both senders, verified by two independent verifiers.
import type pg from 'pg'
import { Webhook } from 'standardwebhooks'
import { beforeAll, describe, expect, test } from 'vitest'
import { secretContext } from '../../delivery/endpoint.ts'
import { formatPublicKey, formatSecret, generateSecret, type Signing } from '../../delivery/keys.ts'
import { openKeyring } from '../../delivery/secrets.ts'
import { type Api, startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { deliveryStates, emitAtOnce, startTestListener } from '../support/outbox.ts'
import { type Received, startReceiver } from '../support/receiver.ts'
import { testSettings } from '../support/settings.ts'
import { faultsOf } from '../support/verifier.ts'

/** Newest first; all but the first expire. */
const situations: Record<string, Signing[]> = {
  hmac: ['hmac'],
  'hmac-overlap': ['hmac', 'hmac'],
  ed25519: ['ed25519'],
  'hmac-to-ed25519': ['ed25519', 'hmac'],
}
const names = Object.keys(situations)

let api: Api
/** The secrets of the receivers, in the order of `situations`. */
const held: Record<string, string[]> = {}
let requests: Received[]

beforeAll(async () => {
  api = await startApi({ OUTBOX_CRON_SUBREQUESTS: '900' })
  const receiver = await startReceiver()
  requests = receiver.requests
  for (const name of names)
    held[name] = await addEndpoint(api.db, `${receiver.url}/${name}`, situations[name]!)
  await emitAtOnce(api.db, 25)
  expect(await api.worker.scheduled()).toBe('ok')
  expect(await deliveryStates(api.db)).toEqual({ delivered: 100 })
  const listener = await startTestListener(api.database.url)
  await emitAtOnce(api.db, 100)
  await eventually(async () => (await deliveryStates(api.db)).delivered === 500, { timeoutMs: 60_000 })
  await listener.stop()
})

const of = (name: string) => requests.filter(request => request.path === `/${name}`)

describe.each(names)('%s', name => {
  test('each of 125 webhooks verifies with every valid secret', () => {
    expect(of(name)).toHaveLength(125)
    for (const request of of(name)) {
      for (const secret of held[name]!) expect(faultsOf(request, secret)).toEqual([])
    }
  })

  test('a webhook verifies with no other secret, and not after a byte has changed', async () => {
    const otherSecret = formatSecret(await generateSecret('hmac'))
    const otherPublicKey = formatPublicKey(await generateSecret('ed25519'))
    for (const request of of(name).slice(0, 10)) {
      for (const secret of [otherSecret, otherPublicKey])
        expect(faultsOf(request, secret)).toEqual(['signature'])
      const changed = { ...request, body: Buffer.from(request.body.toString().replace('"n":', '"m":')) }
      for (const secret of held[name]!) expect(faultsOf(changed, secret)).toEqual(['signature'])
    }
  })
})

test.each(names)('standardwebhooks verifies every HMAC signature: %s', name => {
  for (const secret of held[name]!.filter(secret => secret.startsWith('whsec_'))) {
    for (const { body, headers } of of(name)) {
      expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow()
    }
  }
})

test('each webhook has one signature per secret', () => {
  for (const name of names) {
    for (const { headers } of of(name)) {
      expect(String(headers['webhook-signature']).split(' ')).toHaveLength(situations[name]!.length)
    }
  }
})

test('a webhook contains no key: its receiver must know the secret beforehand', () => {
  for (const name of names) {
    const keys = held[name]!.flatMap(secret => [secret, secret.split('_')[1]!])
    for (const { headers, body } of of(name))
      for (const key of keys) expect(JSON.stringify(headers) + body).not.toContain(key)
    expect(
      Object.keys(of(name)[0]!.headers)
        .filter(header => header.startsWith('webhook-'))
        .sort(),
    ).toEqual(['webhook-id', 'webhook-signature', 'webhook-timestamp'])
  }
})

test('after the overlap the old secret fails and the new one still verifies', async () => {
  await api.db.query(
    `update outbox.endpoint_secrets set expires_at = clock_timestamp() where expires_at is not null`,
  )
  const before = requests.length
  await emitAtOnce(api.db, 1)
  await api.worker.scheduled()
  const late = requests.slice(before)
  expect(late).toHaveLength(4)
  for (const request of late) {
    const [current, ...old] = held[request.path.slice(1)]!
    expect(faultsOf(request, current!)).toEqual([])
    for (const secret of old) expect(faultsOf(request, secret)).toEqual(['signature'])
  }
})

/** Returns the secrets or public keys for its receiver. */
async function addEndpoint(db: pg.Client, url: string, kinds: Signing[]): Promise<string[]> {
  const { rows } = await db.query(
    'insert into outbox.endpoints (url, signing) values ($1, $2) returning id',
    [url, kinds[0]],
  )
  const keyring = await openKeyring(testSettings.OUTBOX_MASTER_KEYS)
  const shown: string[] = []
  for (const [place, kind] of kinds.entries()) {
    const key = await generateSecret(kind)
    const next = await db.query(`select nextval('outbox.endpoint_secrets_id_seq') as id`)
    const sealed = await keyring.seal(key.bytes, secretContext(next.rows[0].id, rows[0].id))
    await db.query(
      `insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed, expires_at) overriding system value
       values ($1, $2, $3, $4, case when $5 then now() + interval '1 day' end)`,
      [next.rows[0].id, rows[0].id, kind, Buffer.from(sealed), place > 0],
    )
    shown.push(kind === 'hmac' ? formatSecret(key) : formatPublicKey(key))
  }
  return shown
}
