// POST /v1/endpoints, made in this process: for an installation that has no functions yet.
import { randomUUID } from 'node:crypto'
import { openKeyring } from '../delivery/secrets.ts'
import { readDeliverySettings } from '../delivery/settings.ts'
import { createEndpoint } from '../functions/endpoints/operations.ts'
import { NewEndpoint } from '../functions/endpoints/schema.ts'
import { showKey } from '../functions/endpoints/signing-key.ts'
import { requireSchema, withConnection } from './connection.ts'
import { CommandError, exitCodes } from './exit.ts'
import type { Context } from './globals.ts'

/** `settings`: as the API takes them. */
export async function createInDatabase({ env }: Context, settings: Readonly<Record<string, unknown>>) {
  const delivery = readDeliverySettings(env)
  const keyring = await openKeyring(delivery.masterKeys)
  const input = NewEndpoint.safeParse(settings)
  if (!input.success)
    throw refused(input.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })))
  return withConnection(env, async ({ run }) => {
    await requireSchema(run)
    const db = { run, randomOnce: async (_name: string, random: Uint8Array<ArrayBuffer>) => random }
    const caller = { actor: 'outbox-cli', tenant: null, requestId: randomUUID() }
    const created = await createEndpoint(db, { keyring, delivery }, caller, input.data)
    if (created === 'name taken') throw new CommandError(exitCodes.refused, 'Another endpoint has that name.')
    if (created === 'other tenant') throw new Error('a caller without a tenant was refused')
    if ('wrongInput' in created) throw refused(created.wrongInput)
    return { id: created.id, ...showKey(created.key) }
  })
}

const refused = (errors: readonly { path: string; message: string }[]) =>
  new CommandError(
    exitCodes.usage,
    errors.map(({ path, message }) => `--${path.replace('event_types', 'types')} ${message}.`).join('\n'),
  )
