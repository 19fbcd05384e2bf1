// GET /metrics of the functions: the gauges that a listener shows too, for operators.
import { beforeAll, expect, test } from 'vitest'
import { captureGauges, databaseGauges, identityGauges } from '../../../drizzle/gauges.ts'
import { eventually } from '../../support/eventually.ts'
import { namesIn, seriesOf } from '../../support/metrics.ts'
import { startTestListener } from '../../support/outbox.ts'
import { type Answer, type Api, startApi } from '../api.ts'

let api: Api
let answer: Answer
beforeAll(async () => {
  api = await startApi({
    OUTBOX_API_KEYS: 'dev:admin:dev,look:read:look,seven:read:k7:7',
    OUTBOX_METRICS_ENDPOINTS: '1',
  })
  const { id } = (await api.post('/v1/endpoints', { url: 'https://example.com/a' })).body
  await api.post(`/v1/endpoints/${id}/pause`, {})
  await api.db.query(
    `insert into outbox.delivery_rows (endpoint_id, event_id, state, due_at) select 1, n, 'pending', now() - interval '1 minute' from generate_series(1, 3) as n`,
  )
  await api.worker.scheduled()
  answer = await api.get('/metrics', { key: 'look' })
})

test('it shows every gauge of the database in the format of Prometheus, to a key that may only read', () => {
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect([...namesIn(answer.text)].sort()).toEqual(
    Object.keys({ ...databaseGauges, ...captureGauges, ...identityGauges }).sort(),
  )
  const series = seriesOf(answer.text)
  expect(series.get('outbox_deliveries{state="pending"}')).toBe(3)
  expect(series.get('outbox_endpoints{state="paused",disabled_reason=""}')).toBe(1)
  expect(series.get('outbox_oldest_pending_seconds')).toBeGreaterThanOrEqual(60)
  expect(series.get('outbox_endpoint_pending{endpoint="other"}')).toBe(0)
  expect(
    [...series.keys()].filter(name => name.startsWith('outbox_endpoint_pending{endpoint="ep_')),
  ).toHaveLength(1)
  expect(Date.now() / 1000 - series.get('outbox_last_cron_timestamp_seconds')!).toBeLessThan(60)
  expect(series.has('outbox_listener_heartbeat_timestamp_seconds')).toBe(false) // none has run
})

test('a listener on the same database shows the same gauges under the same names and labels', async () => {
  const listener = await startTestListener(api.database.url, { OUTBOX_METRICS_ENDPOINTS: '1' })
  const text = await eventually(async () => {
    const seen = await (await fetch(`http://127.0.0.1:${listener.healthPort}/metrics`)).text()
    return /^outbox_capture_check\{/m.test(seen) && /^outbox_storage_bytes\{/m.test(seen) && seen
  })
  const theirs = [...seriesOf(answer.text).keys()]
  const ours = new Set(seriesOf(text).keys())
  expect(theirs.filter(series => !ours.has(series))).toEqual([])
  for (const name of namesIn(answer.text)) {
    const typeAndHelp = new RegExp(`^# HELP ${name} .*\n# TYPE ${name} .*$`, 'm')
    expect(typeAndHelp.exec(text)?.[0], name).toBe(typeAndHelp.exec(answer.text)![0])
  }
})

test('one who asks again at once is told the same, at no cost', async () => {
  await api.db.query('delete from outbox.delivery_rows')
  expect((await api.get('/metrics')).text).toBe(answer.text)
})

test('a tenant is refused: the numbers are of everybody', async () => {
  expect((await api.get('/metrics', { key: 'k7' })).status).toBe(403)
})
