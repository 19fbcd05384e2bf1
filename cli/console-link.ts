// The console's address, and a link that signs in there once.
import type { ApiClient } from './api/client.ts'
import { usageError } from './exit.ts'
import type { Context } from './globals.ts'

/** Throws where nothing serves a console. */
export function consoleAddress({ target }: Context): string {
  const found = target()
  if (found.kind === 'database')
    throw usageError(
      'Nothing serves the console here: run outbox serve, then use --api http://127.0.0.1:8787.',
    )
  return `${found.url}/console`
}

export interface ConsoleLink {
  readonly url: string
  readonly expires_at: string
}

/** With the key of this client. */
export async function makeConsoleLink(api: ApiClient): Promise<ConsoleLink> {
  const { path, expires_at } = await api.postOnce<{ path: string; expires_at: string }>(
    '/v1/console/links',
    undefined,
  )
  return { url: api.baseUrl + path, expires_at }
}
