// The usual beginning: a database, a receiver, and an endpoint that wants everything.
import type pg from 'pg'
import { freshDatabase, type TestDatabase } from './database.ts'
import { addEndpoint, type TestEndpoint } from './outbox.ts'
import { type Receiver, type Respond, startReceiver } from './receiver.ts'

export interface Scene {
  db: TestDatabase
  client: pg.Client
  receiver: Receiver
  endpoint: TestEndpoint
}

export async function scene(respond?: Respond, columns: Record<string, unknown> = {}): Promise<Scene> {
  const db = await freshDatabase()
  const client = await db.connect()
  const receiver = await startReceiver(respond)
  const endpoint = await addEndpoint(client, { url: receiver.url, ...columns })
  return { db, client, receiver, endpoint }
}
