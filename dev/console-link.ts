// The console's address for whoever has started the system: it signs in, once.
import { openKeyring } from '../delivery/secrets.ts'
import { hashOf } from '../functions/access/api-keys.ts'
import { writeLinkCode } from '../functions/console/link.ts'
import { adminKey, type Settings } from './settings.ts'

export async function consoleLink(functionsUrl: string, settings: Settings): Promise<string> {
  const key = adminKey(settings)
  if (key === undefined) return `${functionsUrl}/console`
  const keyring = await openKeyring(settings.OUTBOX_MASTER_KEYS!)
  return `${functionsUrl}/console/link?code=${await writeLinkCode(keyring, await hashOf(key))}`
}
