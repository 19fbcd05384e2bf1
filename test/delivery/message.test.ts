// The body of a webhook in the format `slack`: one line for people.
import { expect, test } from 'vitest'
import { messageBody } from '../../delivery/message.ts'

const textOf = (type: string, data: unknown) => {
  const body = JSON.parse(new TextDecoder().decode(messageBody({ type, data: JSON.stringify(data) })))
  expect(Object.keys(body)).toEqual(['text'])
  return body.text as string
}

const endpoint = { endpoint_id: 'ep_1', description: 'billing' }

test.each([
  [
    'outbox.endpoint.failing',
    { ...endpoint, failing_since: '2026-10-01T12:00:00Z' },
    'Endpoint ep_1 (billing) is failing since 2026-10-01T12:00:00Z: it gets nothing but a probe from time to time.',
  ],
  ['outbox.endpoint.recovered', { ...endpoint, description: null }, 'Endpoint ep_1 accepts webhooks again.'],
  [
    'outbox.endpoint.disabled',
    { ...endpoint, reason: 'gone' },
    'Endpoint ep_1 (billing) was disabled (gone): it gets nothing until somebody resumes it.',
  ],
  [
    'outbox.delivery.dead',
    { ...endpoint, delivery_id: 'dlv_1', type: 'a.b', attempts: 9, reason: null },
    'Delivery dlv_1 of a.b to ep_1 (billing) was given up after 9 attempts.',
  ],
  [
    'outbox.capture.broken',
    { checks: [{ name: 'broken_triggers', value: 1, advice: 'Call outbox.watch().' }] },
    'Capture is broken: broken_triggers. Call outbox.watch().',
  ],
  [
    'outbox.backlog.growing',
    { oldest_pending_seconds: 312.4, minutes: 5 },
    'The backlog is growing: a delivery that nothing holds up has waited 312.4 s.',
  ],
  ['order.shipped', { id: 1 }, 'order.shipped {"id":1}'],
])('%s is a sentence', (type, data, text) => {
  expect(textOf(type, data)).toBe(text)
})

test('nothing of an event becomes a link or a mention', () => {
  expect(textOf('a.b', { text: '<!channel> & <https://evil.example|click>' })).toBe(
    'a.b {"text":"&lt;!channel&gt; &amp; &lt;https://evil.example|click&gt;"}',
  )
})

test('a long one is cut between two characters', () => {
  const text = textOf('a.b', '😀'.repeat(5000))
  expect(Array.from(text)).toHaveLength(3000)
  expect(text.isWellFormed()).toBe(true)
  expect(text.endsWith('😀…')).toBe(true)
})
