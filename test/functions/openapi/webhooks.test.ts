// The API's description of webhooks, compared with what arrives.
import { beforeAll, expect, test } from 'vitest'
import { startReceiver } from '../../support/receiver.ts'
import { type Api, startApi } from '../api.ts'

let api: Api
// biome-ignore lint/suspicious/noExplicitAny: OpenAPI as it is written
let webhooks: Record<string, any>
beforeAll(async () => {
  api = await startApi()
  const { openapi, webhooks: described } = (await api.get('/openapi.json')).body
  expect(openapi).toBe('3.1.0')
  webhooks = described
})

test('the description has a webhook for any event, and one for each type of the outbox’s own', () => {
  expect(Object.keys(webhooks).sort()).toEqual([
    'event',
    'outbox.backlog.growing',
    'outbox.capture.broken',
    'outbox.delivery.dead',
    'outbox.endpoint.disabled',
    'outbox.endpoint.failing',
    'outbox.endpoint.recovered',
    'outbox.test',
  ])
  for (const { post } of Object.values(webhooks)) {
    expect(post.requestBody.content['application/json'].schema.required.sort()).toContain('type')
    expect(Object.keys(post.responses)).toContain('410')
  }
})

test('a webhook that arrives has every header and member that the description requires', async () => {
  const receiver = await startReceiver()
  const { id } = (await api.post('/v1/endpoints', { url: receiver.url, sequence: true })).body
  await api.call('POST', `/v1/endpoints/${id}/test`)
  expect(await api.worker.scheduled()).toBe('ok')
  const [request] = await receiver.waitFor(1)
  const { parameters, requestBody } = webhooks['outbox.test'].post
  const headers = parameters.filter((p: { in: string }) => p.in === 'header')
  expect(headers.length).toBeGreaterThan(3)
  for (const { name } of headers) expect(request!.headers, name).toHaveProperty(name)
  const { schema } = requestBody.content['application/json']
  const body = JSON.parse(request!.body.toString())
  expect(Object.keys(body).sort()).toEqual(Object.keys(schema.properties).sort())
  expect(body).toMatchObject({ type: 'outbox.test', data: { endpoint_id: id } })
})
