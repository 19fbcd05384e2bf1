// Compares the master keys that are configured with those that something in use is sealed under.
import * as queries from '../../../drizzle/queries.gen.ts'
import type { Database } from '../../db.ts'
import type { SecretsHealth } from './schema.ts'

/** `keyIds`: the configured keys, the one that seals first. */
export async function readSecretsHealth(db: Database, keyIds: readonly string[]): Promise<SecretsHealth> {
  const sealedUnder = new Map((await queries.countSeals(db.run)).map(row => [row.keyId, row]))
  const keys = [...new Set([...keyIds, ...sealedUnder.keys()])].map(id => {
    const { secrets, headers } = sealedUnder.get(id) ?? { secrets: 0, headers: 0 }
    const seals = id === keyIds[0]
    const configured = id !== null && keyIds.includes(id)
    const removable = configured && !seals && secrets + headers === 0
    return { id, configured, seals, secrets, headers, removable }
  })
  return { healthy: keys.every(key => key.configured), keys }
}
