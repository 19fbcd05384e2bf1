// The endpoint behind a name: made the first time, and the same ever after, with the same secret.
import { readFileSync, writeFileSync } from 'node:fs'
import type { Environment } from '../../delivery/settings.ts'
import type { Endpoint, ListedEndpoint } from '../../functions/endpoints/schema.ts'
import type { ApiClient } from '../api/client.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { fileFor } from './session.ts'

export interface Wanted {
  readonly name: string
  readonly tenant: string | null
  readonly event_types: string[] | null
  /** null = the schedule of the outbox; [] = none. */
  readonly retry_schedule: number[] | null
  readonly expires_after_idle_seconds: number
}

export interface Tunnel {
  readonly id: string
  /** null = it was made on another machine, and the secret is shown once. */
  readonly secret: string | null
  readonly isNew: boolean
  /** It was disabled, so what came meanwhile has no deliveries. */
  readonly wasDisabled: boolean
}

export async function openTunnel(
  client: ApiClient,
  env: Environment,
  wanted: Wanted,
  { leavesSettings = false } = {},
): Promise<Tunnel> {
  const named = await client.all<ListedEndpoint>('/v1/endpoints', { name: wanted.name }, 200)
  const found = named.find(({ tenant }) => tenant === wanted.tenant)
  if (!found) return create(client, env, wanted)
  if (found.kind !== 'pull')
    throw new CommandError(
      exitCodes.refused,
      `${wanted.name} is the name of ${found.id}, which is posted to: use another --name.`,
    )
  const secret = readSecret(env, found.id)
  if (leavesSettings) return { id: found.id, secret, isNew: false, wasDisabled: false }
  const path = `/v1/endpoints/${found.id}`
  const { name: _name, tenant: _tenant, ...settings } = wanted
  const isSame = (Object.keys(settings) as (keyof typeof settings)[]).every(
    setting => JSON.stringify(settings[setting]) === JSON.stringify(found[setting]),
  )
  if (!isSame) await client.patch<Endpoint>(path, settings)
  const wasDisabled = found.state === 'disabled'
  if (wasDisabled) await client.post(`${path}/resume`)
  return { id: found.id, secret, isNew: false, wasDisabled }
}

async function create(client: ApiClient, env: Environment, wanted: Wanted): Promise<Tunnel> {
  const created = await client.post<Endpoint & { secret: string }>('/v1/endpoints', {
    ...wanted,
    kind: 'pull',
    url: `https://pull.invalid/${wanted.name}`,
    description: 'outbox listen',
    ordering: 'key',
  })
  writeFileSync(fileFor(env, 'secrets', created.id), created.secret, { mode: 0o600 })
  return { id: created.id, secret: created.secret, isNew: true, wasDisabled: false }
}

function readSecret(env: Environment, id: string): string | null {
  try {
    return readFileSync(fileFor(env, 'secrets', id), 'utf8').trim()
  } catch {
    return null
  }
}
