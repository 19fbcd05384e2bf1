// The usual setup of a test: a database, a receiver, and an endpoint subscribed to every type.
import type pg from 'pg'
import { freshDatabase, type TestDatabase } from './database.ts'
import { addEndpoint, type TestEndpoint } from './outbox.ts'
import { type Receiver, type Respond, startReceiver } from './receiver.ts'

export interface Setup {
  db: TestDatabase
  client: pg.Client
  receiver: Receiver
  endpoint: TestEndpoint
}

export async function setUp(respond?: Respond, columns: Record<string, unknown> = {}): Promise<Setup> {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver(respond)
  const endpoint = await addEndpoint(client, { url: receiver.url, ...columns })
  return { db, client, receiver, endpoint }
}
