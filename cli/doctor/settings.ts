// The checks that need no database: the settings of the listener and of the functions.
import type { Environment } from '../../delivery/settings.ts'
import { SettingsError } from '../../delivery/settings.ts'
import { parseApiKeys } from '../../functions/access/api-keys.ts'
import { readListenerSettings } from '../../worker/settings.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

export async function checkSettings(env: Environment): Promise<Finding[]> {
  return [
    { check: 'settings', ...listenerSettings(env) },
    { check: 'api keys', ...(await apiKeys(env)) },
  ]
}

function listenerSettings(env: Environment) {
  try {
    readListenerSettings(env)
    return ok('every setting of the listener can be read')
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return fail(error.message.replace(/ Not starting\.$/, ''))
  }
}

async function apiKeys({ OUTBOX_API_KEYS: keys }: Environment) {
  if (!keys) return warn('OUTBOX_API_KEYS is not set here: the functions need it')
  const parsed = await parseApiKeys(keys)
  if (parsed === null)
    return fail('OUTBOX_API_KEYS is not valid: expected name:scope:key with commas between them')
  return ok(`${parsed.length} for the functions`)
}
