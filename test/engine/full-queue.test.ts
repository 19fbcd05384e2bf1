// Some other session listens and sits in an open transaction, so that the server's queue of notifications fills up. Then
// Postgres fails every commit that notifies; ours must not be among them. The server is the test's own.
import { expect, test } from 'vitest'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { connectTo, startServer } from '../support/server.ts'
import { startWorker } from '../support/worker.ts'

const server = await startServer({ settings: { max_notify_queue_pages: '64' } })
const writer = await connectTo(server.databaseUrl)
const receiver = await startReceiver()
await addEndpoint(writer, { url: receiver.url })
const replica = await startTestListener(server.databaseUrl, { OUTBOX_POLL_SECONDS: '0.5' })

test('a full queue of notifications fails no writer, and every event is delivered', async () => {
  await writer.query(`create table stock (id int primary key); select outbox.watch('stock')`)
  await emit(writer)
  await receiver.waitFor(1)

  const holder = await connectTo(server.url)
  await holder.query('listen elsewhere')
  await holder.query('begin')
  const filler = await connectTo(server.url)
  const fill = async () => {
    for (;;) await filler.query(`select pg_notify('elsewhere', repeat('-', 7000))`)
  }
  await expect(fill()).rejects.toThrow('too many notifications')

  await emit(writer)
  await writer.query('insert into stock values (1)')
  await emit(writer, 100) // enough to wake a listener, who would tell its peers
  await receiver.waitFor(103)
  await expectFullQueue()
})

test('nor does it fail whoever pauses, resumes, tests, redelivers or replays, or keep a listener from starting', async () => {
  await expectFullQueue()
  await replica.stop()
  const worker = await startWorker(server.env)
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { authorization: 'Bearer dev', 'content-type': 'application/json' }
    const answer = await worker.fetch(path, { method, headers, body: body && JSON.stringify(body) })
    expect(answer.status, await answer.clone().text()).toBeLessThan(300)
    return (await answer.json()) as { data: { id: string }[] }
  }
  const { data: endpoints } = await ask('GET', '/v1/endpoints')
  const { data: deliveries } = await ask('GET', '/v1/deliveries')
  const endpoint = `/v1/endpoints/${endpoints[0]!.id}`
  await ask('POST', `${endpoint}/pause`)
  await ask('POST', `${endpoint}/resume`)
  await ask('POST', `${endpoint}/test`)
  await ask('POST', `/v1/deliveries/${deliveries[0]!.id}/redeliver`)
  const since = new Date(Date.now() - 3_600_000)
  await ask('POST', `${endpoint}/replay`, { since, until: new Date(), only: 'all' })
  await startTestListener(server.databaseUrl, { OUTBOX_POLL_SECONDS: '0.5' })
  await receiver.waitFor(103 + 1 + 103)
  await expectFullQueue()
})

async function expectFullQueue() {
  const { rows } = await writer.query('select pg_notification_queue_usage() as usage')
  expect(rows[0].usage).toBeGreaterThan(0.9)
}
