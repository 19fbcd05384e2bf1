// An endpoint that points at the outbox itself: an event must not make events.
import { expect, test } from 'vitest'
import { startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { deliveryStates, startTestListener } from '../support/outbox.ts'

test("webhooks to the outbox's own API and health port, with a valid key, change nothing and end", async () => {
  const api = await startApi()
  const listener = await startTestListener(api.database.url)
  const urls = [
    ...['/v1/events', '/v1/endpoints', '/orders', '/healthz'].map(path => api.worker.url + path),
    `http://127.0.0.1:${listener.healthPort}/metrics`,
  ]
  for (const url of urls) {
    const body = { url, headers: { authorization: 'Bearer dev' }, retry_schedule: [0.01] }
    expect((await api.post('/v1/endpoints', body)).status).toBe(201)
  }
  await api.post('/v1/events', { type: 'a.b', data: {} })
  await eventually(async () => expect(await deliveryStates(api.db)).toEqual({ dead: urls.length }))
  const { rows } = await api.db.query('select distinct error from outbox.attempts')
  expect(rows).toEqual([{ error: 'bad_status' }])
  const counts = await api.db.query(
    'select (select count(*)::int from outbox.events) as events, (select count(*)::int from outbox.endpoints) as endpoints',
  )
  expect(counts.rows).toEqual([{ events: 1, endpoints: urls.length }])
})
