// A new signing key for an endpoint. For a while both sign, so that the receiver has time to change over.
import { parseId } from '../../delivery/ids.ts'
import type { SigningKey } from '../../delivery/keys.ts'
import type { Keyring } from '../../delivery/secrets.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import type { Caller } from '../access/caller.ts'
import { type Database, DatabaseError } from '../db.ts'
import type { InputError } from '../http/problem.ts'
import { findEndpoint } from './read.ts'
import type { Rotation } from './schema.ts'
import { chooseKey, sealKey } from './signing-key.ts'

/** Keys of one endpoint that sign at the same time: each makes the signature header longer. */
export const maxKeys = 10

export type Rotated =
  /** With the new key, which is known only now. */
  | { readonly key: SigningKey }
  | { readonly wrongInput: readonly InputError[] }
  | 'unknown'
  | 'too many keys'
  /** Another rotation was made at the same moment. */
  | 'collision'

export async function rotateKey(
  db: Database,
  keyring: Keyring,
  caller: Caller,
  id: string,
  { overlap_seconds, signing, secret }: Rotation,
): Promise<Rotated> {
  const row = parseId('ep', id)
  const endpoint = await findEndpoint(db, id, caller)
  if (!row || !endpoint) return 'unknown'
  const key = await chooseKey(db, signing ?? endpoint.signing, secret)
  if ('path' in key) return { wrongInput: [key] }
  const { secretId } = await queries.reserveSecretId(db.run)
  const { sealed, publicKey } = await sealKey(keyring, key, secretId, row.id.toString())
  const rotated = queries.rotateSecret(db.run, {
    ...caller,
    ...row,
    secretId,
    signing: key.signing,
    sealedSecret: sealed,
    publicKey,
    overlapSeconds: overlap_seconds,
    maxKeys,
  })
  const found = await rotated.catch(collision)
  if (found === 'collision') return found
  if (!found) return 'unknown'
  return found.isAllowed ? { key } : 'too many keys'
}

/** The database lets only one of two be the last. */
function collision(error: unknown): 'collision' {
  if (error instanceof DatabaseError && error.sqlstate === uniqueViolation) return 'collision'
  throw error
}

const uniqueViolation = '23505'
