// The listening session through poolers: whether it hears notifications depends on the server, not on what the client was told.
import { expect, test } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { startListenerProcess } from '../../support/listener-process.ts'
import { addEndpoint, emit } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'
import { startSessionPooler } from '../../support/session-pooler.ts'

const pollNever = { OUTBOX_POLL_SECONDS: '3600' }

test('a session pooler, which tells the client a pid of its own, does not make the listener deaf', async () => {
  const { url, client, receiver } = await behindSessionPooler()
  const listener = await startListenerProcess(url, pollNever)
  await emit(client)
  await receiver.waitFor(1)
  expect(listener.said()).not.toContain('did not arrive')
})

test('a listener behind a session pooler whose session was killed hears notifications again', async () => {
  const { url, client, receiver } = await behindSessionPooler()
  const listener = await startListenerProcess(url, pollNever)
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and query like '%pg_listening_channels%' and application_name like 'listener-%'`)
  await eventually(() => listener.said().split('"msg":"listening"').length === 3)
  await emit(client)
  await receiver.waitFor(1)
  expect(listener.said()).not.toContain('did not arrive')
})

async function behindSessionPooler() {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  return { url: await startSessionPooler(db.url), client, receiver }
}
