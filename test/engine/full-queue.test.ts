// Some other session listens and sits in an open transaction, so that the server's queue of notifications fills up. Then
// Postgres fails every commit that notifies; ours must not be among them. The server is the test's own.
import { expect, test } from 'vitest'
import { addEndpoint, emit, startTestReplica } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { connectTo, startServer } from '../support/server.ts'

test('a full queue of notifications fails no writer, and every event is delivered', async () => {
  const server = await startServer({ settings: { max_notify_queue_pages: '64' } })
  const writer = await connectTo(server.databaseUrl)
  const receiver = await startReceiver()
  await addEndpoint(writer, { url: receiver.url })
  await writer.query(`create table stock (id int primary key); select outbox.watch('stock')`)
  await startTestReplica(server.databaseUrl, { OUTBOX_POLL_SECONDS: '0.5' })
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
  await receiver.waitFor(102)
  expect((await writer.query('select pg_notification_queue_usage() as usage')).rows[0].usage).toBeGreaterThan(
    0.9,
  )
})
