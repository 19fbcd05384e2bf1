// Operations called without HTTP, as a console or a command line would call them.
import type { Caller } from '../../functions/access/caller.ts'
import { openDatabase } from '../../functions/db.ts'
import { readSettings } from '../../functions/settings.ts'
import { freshDatabase } from '../support/database.ts'
import { testSettings } from '../support/settings.ts'

export async function startOperations() {
  const database = await freshDatabase()
  const settings = await readSettings({ ...testSettings, ...database.env })
  return { client: await database.connect(), db: openDatabase(settings, { deadlineSeconds: 120 }), settings }
}

export const operator: Caller = { actor: 'console', tenant: null, requestId: 'r1' }
export const tenant = (name: string): Caller => ({ actor: 'portal', tenant: name, requestId: 'r2' })
