// Spans in a real collector: from the request that writes an event, through its row, to the receiver.
import { expect, test } from 'vitest'
import { startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { startListenerProcess } from '../support/listener-process.ts'
import { attributesOf, type CollectedSpan, startCollector } from '../support/otlp-collector.ts'
import { addEndpoint } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'

const traceId = 'c0ffeec0ffeec0ffeec0ffeec0ffee01'
const [consumer, client] = [5, 3]
const quick = { OUTBOX_POLL_SECONDS: '0.2', OTEL_BSP_SCHEDULE_DELAY: '100' }

async function scene(respond: Parameters<typeof startReceiver>[0], env: Record<string, string> = {}) {
  const [api, collector, receiver] = [await startApi(), await startCollector(), await startReceiver(respond)]
  await addEndpoint(api.db, { url: `${receiver.url}?token=hidden`, retry_schedule: [7200] })
  await startListenerProcess(api.database.url, {
    ...quick,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    ...env,
  })
  const write = (flags: string) =>
    api.call('POST', '/v1/events', {
      body: { type: 'order.shipped', data: { card: 'hidden' } },
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}` },
    })
  return { api, collector, receiver, write }
}

const byKind = (spans: readonly CollectedSpan[], kind: number) => spans.filter(span => span.kind === kind)

test('a trace goes from the request through the row to the receiver, and a retry hours later is linked to it', async () => {
  const { api, collector, receiver, write } = await scene(({ nth }) => (nth === 1 ? 503 : 200))
  await write('01')
  await receiver.waitFor(1)
  await eventually(async () => (await collector.spans()).length === 2)
  const spans = await collector.spans()
  const [attempt, request] = [byKind(spans, consumer)[0]!, byKind(spans, client)[0]!]
  const { rows } = await api.db.query('select traceparent from outbox.events')
  const [, , writerSpan] = rows[0].traceparent.split('-')
  expect(attempt).toMatchObject({ name: 'process outbox', traceId, parentSpanId: writerSpan })
  expect(request).toMatchObject({ name: 'POST', traceId, parentSpanId: attempt.spanId, status: { code: 2 } })
  expect(receiver.requests[0]!.headers.traceparent).toBe(`00-${traceId}-${request.spanId}-01`)
  expect(attributesOf(attempt)).toMatchObject({
    'messaging.system': 'outbox',
    'messaging.destination.name': 'order.shipped',
    'messaging.message.id': receiver.requests[0]!.headers['webhook-id'],
    'outbox.attempt': 1,
    'error.type': 'bad_status',
  })
  expect(attributesOf(request)).toMatchObject({
    'http.request.method': 'POST',
    'http.response.status_code': 503,
    'server.address': '127.0.0.1',
  })

  // Once it is settled, and with the jitter.
  await eventually(async () => {
    const moved = await api.db.query(
      `update outbox.delivery_rows set due_at = due_at - interval '3 hours' where state = 'pending'`,
    )
    return moved.rowCount === 1
  })
  await receiver.waitFor(2)
  await eventually(async () => (await collector.spans()).length === 4)
  const later = (await collector.spans()).slice(2)
  const [retry, repeated] = [byKind(later, consumer)[0]!, byKind(later, client)[0]!]
  expect(retry.traceId).not.toBe(traceId)
  expect(retry.parentSpanId ?? '').toBe('')
  expect(retry.links).toMatchObject([{ traceId, spanId: writerSpan }])
  expect(repeated).toMatchObject({ traceId: retry.traceId, parentSpanId: retry.spanId })
  expect(attributesOf(repeated)).toMatchObject({
    'http.request.resend_count': 1,
    'http.response.status_code': 200,
  })
  expect(receiver.requests[1]!.headers.traceparent).toBe(`00-${retry.traceId}-${repeated.spanId}-01`)
  expect(JSON.stringify(await collector.spans())).not.toContain('hidden')
})

test('what its writer did not sample is not sampled, but its context reaches the receiver all the same', async () => {
  const { collector, receiver, write } = await scene(() => 200)
  await write('00')
  await write('01')
  await receiver.waitFor(2)
  await eventually(async () => (await collector.spans()).length === 2)
  const flags = receiver.requests.map(({ headers }) => String(headers.traceparent).slice(-2))
  expect(flags.sort()).toEqual(['00', '01'])
  for (const { headers } of receiver.requests) expect(headers.traceparent).toContain(traceId)
})

test('a listener that stops has sent its last spans, also with threads', async () => {
  const [api, collector, receiver] = [await startApi(), await startCollector(), await startReceiver()]
  await addEndpoint(api.db, { url: receiver.url })
  const listener = await startListenerProcess(api.database.url, {
    OUTBOX_POLL_SECONDS: '0.2',
    OUTBOX_LISTENER_THREADS: '2',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  })
  await api.db.query(`select outbox.emit('a.b', '{}'::json) from generate_series(1, 20)`)
  await receiver.waitFor(20)
  listener.signal('SIGTERM')
  expect(await listener.exited).toBe(0)
  expect(await collector.spans()).toHaveLength(40)
})

test('a collector that cannot be reached delays no webhook and no stop', async () => {
  const [api, receiver] = [await startApi(), await startReceiver()]
  await addEndpoint(api.db, { url: receiver.url })
  const listener = await startListenerProcess(api.database.url, {
    ...quick,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  })
  await api.db.query(`select outbox.emit('a.b', '{}'::json) from generate_series(1, 20)`)
  await receiver.waitFor(20)
  listener.signal('SIGTERM')
  expect(await listener.exited).toBe(0)
})
