// Clients and their charges from the database, newest first. `before` is the last id of the page before.
import { and, desc, eq, lt } from 'drizzle-orm'
import { charges, clients } from '../../../drizzle/shop/schema.ts'
import type { Database } from '../../db.ts'
import type { Charge, Client } from './schema.ts'

export function listClients(db: Database, before: bigint | undefined, limit: number) {
  return db.build('list_clients', builder =>
    builder
      .select()
      .from(clients)
      .where(before === undefined ? undefined : lt(clients.id, before))
      .orderBy(desc(clients.id))
      .limit(limit),
  )
}

export async function isClient(db: Database, id: bigint): Promise<boolean> {
  const found = await db.build('read_client', builder =>
    builder.select({ id: clients.id }).from(clients).where(eq(clients.id, id)),
  )
  return found.length > 0
}

export function listCharges(db: Database, clientId: bigint, before: bigint | undefined, limit: number) {
  return db.build('list_charges', builder =>
    builder
      .select()
      .from(charges)
      .where(and(eq(charges.client_id, clientId), before === undefined ? undefined : lt(charges.id, before)))
      .orderBy(desc(charges.id))
      .limit(limit),
  )
}

export function toClient({ id, name, email, created_at }: typeof clients.$inferSelect): Client {
  return { id, name, email, created_at: created_at.toISOString() }
}

export function toCharge(row: typeof charges.$inferSelect): Charge {
  const { id, client_id, order_id, amount_cents, created_at } = row
  return { id, client_id, order_id, amount_cents, created_at: created_at.toISOString() }
}
