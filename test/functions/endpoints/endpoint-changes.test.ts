// Changing endpoints: settings, pause, resume, disable, delete, and what the audit says about it.
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { headersContext } from '../../../delivery/endpoint.ts'
import { openKeyring } from '../../../delivery/secrets.ts'
import { testSettings } from '../../support/settings.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
let id: string
beforeAll(async () => {
  api = await startApi()
})
beforeEach(async () => {
  id = (await api.post('/v1/endpoints', { url: 'https://example.com/hooks' })).body.id
})

const change = (changes: object) => api.patch(`/v1/endpoints/${id}`, changes)
const act = (action: string) => api.call('POST', `/v1/endpoints/${id}/${action}`)
const read = async () => (await api.get(`/v1/endpoints/${id}`)).body
const row = async () =>
  (await api.db.query('select * from outbox.endpoints where outbox.endpoint_id(id, nonce) = $1', [id]))
    .rows[0]
const lastEntry = async () => (await api.get(`/v1/audit?endpoint_id=${id}&limit=1`)).body.data[0]

describe('PATCH', () => {
  const everything = {
    url: 'https://example.org/other?token=x',
    description: 'the café',
    event_types: ['order.*'],
    tenant: '7',
    ordering: 'key',
    max_in_flight: 5,
    rate_per_second: 2.5,
    timeout_seconds: 10,
    retry_schedule: [0.5, 3600],
  }

  test('changes every setting it is given and answers with the changed endpoint', async () => {
    const answer = await change(everything)
    expect(answer).toMatchObject({ status: 200, body: { id, state: 'active', ...everything } })
    expect(await read()).toEqual(answer.body)
  })

  test('leaves other settings as they are, and null resets to the default', async () => {
    await change(everything)
    const { body } = await change({
      description: null,
      event_types: null,
      tenant: null,
      rate_per_second: null,
    })
    expect(body).toMatchObject({
      ...everything,
      description: null,
      event_types: null,
      tenant: null,
      rate_per_second: null,
    })
  })

  test('seals headers for this row, and null removes them', async () => {
    await change({ headers: { authorization: 'Bearer CANARY' } })
    const { id: rowId, sealed_headers } = await row()
    const plain = await (await openKeyring(testSettings.OUTBOX_MASTER_KEYS)).open(
      sealed_headers,
      headersContext(rowId),
    )
    expect(JSON.parse(new TextDecoder().decode(plain))).toEqual({ authorization: 'Bearer CANARY' })
    await change({ headers: null })
    expect((await row()).sealed_headers).toBeNull()
    expect((await api.get('/v1/audit')).text).not.toContain('CANARY')
  })

  test('that changes nothing makes no new version and no audit entry', async () => {
    const before = await row()
    expect((await change({ url: 'https://example.com/hooks', max_in_flight: 32 })).status).toBe(200)
    expect((await change({})).status).toBe(200)
    expect(await row()).toEqual(before)
    expect((await lastEntry()).action).toBe('endpoint.created')
  })

  test('50 at once to different settings lose none', async () => {
    const changes = Array.from({ length: 50 }, (_, i) =>
      i % 2 ? { max_in_flight: 1 + i } : { description: `number ${i}` },
    )
    const answers = await Promise.all(changes.map(change))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const { rows } = await api.db.query(
      `select changes from outbox.audit join outbox.endpoints p on p.id = endpoint_id
       where outbox.endpoint_id(p.id, p.nonce) = $1 and action = 'endpoint.changed' order by audit.id`,
      [id],
    )
    expect(rows).toHaveLength(50)
    // Each change began with the value that another had written.
    for (const setting of ['max_in_flight', 'description']) {
      const steps = rows.map(({ changes }) => changes[setting]).filter(Boolean)
      const before = setting === 'description' ? null : 32
      expect([before, ...steps.map(({ to }) => to)].sort()).toEqual(
        [...steps.map(({ from }) => from), (await read())[setting]].sort(),
      )
    }
  })

  test.each([
    ['the signature', { signing: 'ed25519' }, 'signing'],
    ['the secret', { secret: 'whsec_CANARY' }, 'secret'],
    ['the state', { state: 'disabled' }, 'state'],
    ['no URL', { url: null }, 'url'],
    ['a private address', { url: 'https://10.0.0.1/' }, 'url'],
    ['a user and password', { url: 'https://user:CANARY@example.com' }, 'url'],
    ['no limit in flight', { max_in_flight: null }, 'max_in_flight'],
    ['a header of the webhook', { headers: { 'Webhook-Id': 'evt_1' } }, 'headers.Webhook-Id'],
    ['a timeout longer than the lease allows', { timeout_seconds: 55.1 }, 'timeout_seconds'],
  ])('refuses %s', async (_, changes, path) => {
    const answer = await change(changes)
    expect(answer.status).toBe(400)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path])
    expect(answer.text).not.toContain('CANARY')
  })
})

describe('the state', () => {
  test('pause, resume, disable, resume: each answers with the endpoint and may be repeated', async () => {
    for (const [action, state, reason] of [
      ['pause', 'paused', null],
      ['resume', 'active', null],
      ['disable', 'disabled', 'manual'],
      ['resume', 'active', null],
    ] as const) {
      for (const _ of [1, 2]) {
        const answer = await act(action)
        expect(answer).toMatchObject({ status: 200, body: { id, state, disabled_reason: reason } })
      }
    }
  })

  test('a disabled endpoint can not be paused: that would make deliveries for it again', async () => {
    await act('disable')
    expect(await act('pause')).toMatchObject({ status: 409, body: { title: 'Conflict' } })
    expect((await read()).state).toBe('disabled')
  })

  test.each(['pause', 'disable'])(
    '%s, then resume: a failed endpoint begins with a closed circuit breaker',
    async stop => {
      await api.db.query(
        `update outbox.endpoint_health set failures = 20, failing_since = now(), probe_at = now() + interval '1 hour'
       where endpoint_id = $1`,
        [(await row()).id],
      )
      await act(stop)
      await act('resume')
      const { rows } = await api.db.query('select * from outbox.endpoint_health where endpoint_id = $1', [
        (await row()).id,
      ])
      expect(rows[0]).toMatchObject({ failures: 0, probe_at: null })
    },
  )

  test.each(['probe_at', 'not_before'])(
    'resume of an active one tries it at once (%s), once, and the audit says so',
    async column => {
      await api.db.query(
        `update outbox.endpoint_health set failures = 20, failing_since = now(), ${column} = now() + interval '1 hour'
         where endpoint_id = $1`,
        [(await row()).id],
      )
      const { version } = await row()
      for (const _ of [1, 2])
        expect(await act('resume')).toMatchObject({ status: 200, body: { state: 'active' } })
      const { rows } = await api.db.query('select * from outbox.endpoint_health where endpoint_id = $1', [
        (await row()).id,
      ])
      expect(rows[0]).toMatchObject({ failures: 0, probe_at: null, not_before: null })
      expect((await row()).version).toBe(version)
      const { data } = (await api.get(`/v1/audit?endpoint_id=${id}`)).body
      expect(data.map(({ action }: { action: string }) => action)).toEqual([
        'endpoint.resumed',
        'endpoint.created',
      ])
    },
  )
})

describe('DELETE', () => {
  test('answers 204; then the endpoint is unknown to every route, and nothing else has changed', async () => {
    const since = '2026-01-01T00:00:00Z'
    expect(await api.call('DELETE', `/v1/endpoints/${id}`)).toMatchObject({ status: 204, text: '' })
    const unknown = (await api.get('/v1/endpoints/ep_00000000000fffff00000000')).text
    for (const answer of [
      await api.get(`/v1/endpoints/${id}`),
      await api.call('DELETE', `/v1/endpoints/${id}`),
      await change({ max_in_flight: 1 }),
      await api.post(`/v1/endpoints/${id}/replay`, { since }),
      ...(await Promise.all(['pause', 'resume', 'disable', 'rotate', 'test'].map(act))),
    ]) {
      expect(answer).toMatchObject({ status: 404, text: unknown })
    }
    expect((await api.get('/v1/endpoints')).text).not.toContain(id)
  })

  test('keeps the history, and stops its replay', async () => {
    const { delivery_id, event_id } = (await act('test')).body
    await api.post(`/v1/endpoints/${id}/replay`, { since: '2026-01-01T00:00:00Z', only: 'all' })
    await api.call('DELETE', `/v1/endpoints/${id}`)
    expect((await api.get(`/v1/deliveries/${delivery_id}`)).body).toMatchObject({ endpoint_id: id, event_id })
    expect((await api.get(`/v1/deliveries?endpoint_id=${id}`)).body.data).toHaveLength(1)
    expect((await api.get(`/v1/replays?endpoint_id=${id}`)).body.data).toMatchObject([{ state: 'canceled' }])
  })
})

describe('the audit', () => {
  test('says who changed what in which request, and hides values that may be secret', async () => {
    const answer = await api.patch(
      `/v1/endpoints/${id}`,
      { url: 'https://example.com/x?token=CANARY', headers: { 'x-a': 'CANARY' }, max_in_flight: 7 },
      { headers: { 'x-request-id': 'ticket-17' } },
    )
    expect(answer.headers.get('x-request-id')).toBe('ticket-17')
    expect(await lastEntry()).toEqual({
      at: expect.any(String),
      who: 'dev',
      request_id: 'ticket-17',
      action: 'endpoint.changed',
      endpoint_id: id,
      delivery_id: null,
      event_id: null,
      replay_id: null,
      changes: {
        url: { from: 'https://example.com/hooks', to: 'https://example.com/x?***' },
        headers: 'changed',
        max_in_flight: { from: 32, to: 7 },
      },
    })
    expect((await api.get('/v1/audit')).text + api.worker.logs()).not.toContain('CANARY')
  })

  test('has an entry for each kind of change, and none for refused requests', async () => {
    await act('pause')
    await act('resume')
    const test = (await act('test')).body
    await act('rotate')
    await api.call('POST', `/v1/deliveries/${test.delivery_id}/redeliver`)
    const { body } = await api.post(`/v1/endpoints/${id}/replay`, { since: '2026-01-01T00:00:00Z' })
    await api.call('POST', `/v1/replays/${body.id}/cancel`)
    await api.call('POST', `/v1/replays/${body.id}/cancel`)
    await act('disable')
    await act('test')
    await api.call('DELETE', `/v1/endpoints/${id}`)
    const { data } = (await api.get(`/v1/audit?endpoint_id=${id}`)).body
    expect(data.map(({ action }: { action: string }) => action).reverse()).toEqual([
      'endpoint.created',
      'endpoint.paused',
      'endpoint.resumed',
      'endpoint.tested',
      'endpoint.rotated',
      'delivery.redelivered',
      'replay.started',
      'replay.canceled',
      'endpoint.disabled',
      'endpoint.deleted',
    ])
    expect(data).toContainEqual(expect.objectContaining({ action: 'replay.started', replay_id: body.id }))
    expect(
      data.filter((entry: { delivery_id: string }) => entry.delivery_id === test.delivery_id),
    ).toHaveLength(2)
  })

  test.each([
    `update outbox.audit set who = 'nobody'`,
    'delete from outbox.audit where false',
    'truncate outbox.audit',
  ])('can not be rewritten: %s', async statement => {
    await expect(api.db.query(statement)).rejects.toMatchObject({ code: '42501' })
  })

  test('is shown to admin keys only', async () => {
    expect((await api.get('/v1/audit', { key: 'look' })).status).toBe(403)
  })
})
