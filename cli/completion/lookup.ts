// Ids and event types for a completion: asked of the API within 300 ms, and remembered for ten seconds.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { ListedEndpoint } from '../../functions/endpoints/schema.ts'
import { ApiClient } from '../api/client.ts'
import { readProfiles } from '../api/profiles.ts'
import type { Context } from '../globals.ts'
import type { Candidate, Lookup } from './candidates.ts'

const patienceMs = 300
const freshMs = 10_000

type Question = (client: ApiClient) => Promise<Candidate[]>

const endpoints: Question = async client =>
  (await client.get<{ data: ListedEndpoint[] }>('/v1/endpoints', { limit: 100 })).data.map(row => ({
    value: row.id,
    description: `${row.state}, ${row.url}`,
  }))

const eventTypes: Question = async client =>
  (await client.get<{ data: { type: string; table: string | null }[] }>('/v1/event-types')).data.map(row => ({
    value: row.type,
    description: row.table ?? '',
  }))

const deliveries: Question = async client =>
  (await client.get<{ data: { id: string; state: string }[] }>('/v1/deliveries', { limit: 50 })).data.map(
    row => ({
      value: row.id,
      description: row.state,
    }),
  )

const events: Question = async client =>
  (await client.get<{ data: { id: string; type: string }[] }>('/v1/events', { limit: 50 })).data.map(row => ({
    value: row.id,
    description: row.type,
  }))

const keys: Question = async client =>
  (await client.get<{ data: { id: string; name: string }[] }>('/v1/keys', { limit: 100 })).data.map(row => ({
    value: row.id,
    description: row.name,
  }))

const replays: Question = async client =>
  (await client.get<{ data: { id: string; state: string }[] }>('/v1/replays', { limit: 50 })).data.map(
    row => ({
      value: row.id,
      description: row.state,
    }),
  )

/** By the name of the argument or of the option. */
const questions: Readonly<Record<string, Question>> = {
  endpoint: endpoints,
  type: eventTypes,
  types: eventTypes,
  delivery: deliveries,
  event: events,
  'event-or-delivery': events,
  key: keys,
  replay: replays,
}

export function lookupWith({ env, target }: Context): Lookup {
  return async kind => {
    if (kind === 'profile')
      return Object.keys(readProfiles(env).profile).map(value => ({ value, description: '' }))
    const question = questions[kind]
    if (!question) return []
    const found = target()
    if (found.kind !== 'server') return [] // to start the API here would take longer than anybody waits
    const { url, key } = found
    return remembered(`${kind} ${url} ${key}`, () => {
      const signal = AbortSignal.timeout(patienceMs)
      const transport = (request: Request) => fetch(request, { signal })
      return question(new ApiClient({ baseUrl: url, key, transport, retries: false, trace: () => {} }))
    })
  }
}

async function remembered(name: string, ask: () => Promise<Candidate[]>): Promise<Candidate[]> {
  const folder = join(tmpdir(), `outbox-completion-${userInfo().uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (process.platform !== 'win32' && statSync(folder).uid !== userInfo().uid) return ask() // somebody else's
  const file = join(folder, createHash('sha256').update(name).digest('hex'))
  try {
    if (Date.now() - statSync(file).mtimeMs < freshMs) return JSON.parse(readFileSync(file, 'utf8'))
  } catch {} // never asked
  const answer = await ask()
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(answer), { mode: 0o600 })
  renameSync(`${file}.${process.pid}`, file)
  return answer
}
