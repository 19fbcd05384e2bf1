// The listener keeps the partitions. What it cannot do, it says.
import { expect, test } from 'vitest'
import { freshDatabase } from '../../support/database.ts'
import { eventually } from '../../support/eventually.ts'
import { loginAs } from '../../support/login.ts'
import { addEndpoint, emit, startTestListener } from '../../support/outbox.ts'
import { startReceiver } from '../../support/receiver.ts'

test('a listener that may make none says so on /readyz, and goes on', async () => {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  await client.query('revoke execute on function outbox.add_partitions from outbox_listener')
  const listener = await startTestListener(await loginAs('outbox_listener', db.url))
  const ready = await eventually(async () => {
    const text = await (await fetch(`http://127.0.0.1:${listener.healthPort}/readyz`)).text()
    return text.includes('partitions') && text
  })
  expect(ready).toMatch(/^ready, but making no partitions since \S+: the database refused \(42501\)$/m)
  await emit(client)
  await receiver.waitFor(1)
})
