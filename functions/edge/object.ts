// A Durable Object of the outbox: there is one of each kind, and it runs one thing at a time.
import { log } from '../http/log.ts'
import { safeReason } from '../http/safe-reason.ts'

/** As much of the platform's binding as is used. */
export interface ObjectBinding {
  idFromName(name: string): unknown
  get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> }
}

/** What the platform hands to a Durable Object with SQLite, as far as it is used. */
export interface ObjectState {
  readonly storage: {
    readonly sql: Sql
    getAlarm(): Promise<number | null>
    setAlarm(at: number): Promise<void>
  }
}

export interface Sql {
  exec(statement: string, ...parameters: (string | number | null)[]): Iterable<Record<string, unknown>>
}

export function callObject(binding: ObjectBinding, path: string, body?: unknown): Promise<Response> {
  const stub = binding.get(binding.idFromName('outbox'))
  return stub.fetch(`https://outbox${path}`, { method: 'POST', body: JSON.stringify(body) ?? null })
}

/** For what goes on without it. null = it could not be reached. */
export async function tryObject(
  binding: ObjectBinding,
  path: string,
  body?: unknown,
): Promise<Response | null> {
  try {
    const answer = await callObject(binding, path, body)
    if (answer.ok) return answer
    log('a Durable Object failed', { path, status: answer.status })
  } catch (error) {
    log('a Durable Object could not be reached', { path, error: safeReason(error) })
  }
  return null
}
