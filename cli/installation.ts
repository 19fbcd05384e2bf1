// What an installation consists of, as its database shows it.
import { findHeldReason, heldSentences } from '../drizzle/identity.ts'
import type { Connection } from './connection.ts'

/** How many listeners are connected. Each has several connections, all of one name. */
export async function countListeners({ client }: Connection): Promise<number> {
  const { rows } = await client.query(
    `select count(distinct application_name)::int as n from pg_stat_activity
     where datname = current_database() and application_name like 'listener-%'`,
  )
  return rows[0].n
}

/** The watched tables, as SQL would name them. */
export async function watchedTables({ client }: Connection): Promise<string[]> {
  const { rows } = await client.query('select relation::text from outbox.watches order by 1')
  return rows.map(row => row.relation)
}

/** Why nothing is sent; null = nothing keeps senders from it. */
export async function heldSentence({ run }: Connection): Promise<string | null> {
  const reason = await findHeldReason(run)
  return reason && heldSentences[reason]
}
