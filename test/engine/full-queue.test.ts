// Another session listens in an open transaction, so that the server's queue of notifications fills up. Then Postgres
// fails every commit that notifies; the outbox's commits must not fail. The server is the test's own.
import { expect, test } from 'vitest'
import { addEndpoint, emit, startTestListener } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { connectTo, startServer } from '../support/server.ts'
import { startWorker } from '../support/worker.ts'

const server = await startServer({ settings: { max_notify_queue_pages: '64' } })
const writer = await connectTo(server.databaseUrl)
const receiver = await startReceiver()
await addEndpoint(writer, { url: receiver.url })
const listener = await startTestListener(server.databaseUrl, { OUTBOX_POLL_SECONDS: '0.5' })

test('a full notification queue fails no writer, and every event is delivered', async () => {
  await writer.query(`create table parts (id int primary key); select outbox.watch('parts')`)
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
  await writer.query('insert into parts values (1)')
  await emit(writer, 100) // enough to make a listener poll, which it announces to its peers
  await receiver.waitFor(103)
  await expectFullQueue()
})

test('a full notification queue fails no pause, resume, test, redelivery or replay, and no start of a listener', async () => {
  await expectFullQueue()
  await listener.stop()
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
