// The API without a server: the same app, called in this process. For a folder where `outbox init` was run.
import { randomBytes } from 'node:crypto'
import type { Environment } from '../../delivery/settings.ts'
import { databaseUrlOf } from '../connection.ts'
import { usageError } from '../exit.ts'
import type { Transport } from './client.ts'

/** The API writes numbers digit by digit, which older ones cannot. */
const oldestNode = 22

export interface InProcess {
  readonly key: string
  readonly transport: Transport
}

/** The audit calls it `outbox-cli`; its key is good for this process alone. */
export function apiInProcess(env: Environment, trace: (line: string) => void): InProcess {
  if (Number.parseInt(process.versions.node, 10) < oldestNode)
    throw usageError(
      `This is Node ${process.versions.node}: without a server the API needs ${oldestNode} or newer. Use --api instead.`,
    )
  const url = databaseUrlOf(env)
  const key = randomBytes(24).toString('base64url')
  const settings = { ...env, DATABASE_URL: url, OUTBOX_API_KEYS: `outbox-cli:admin:${key}` }
  // Standard output has the data and nothing else.
  console.log = trace
  let app: Promise<{ fetch(request: Request, env: Environment): Response | Promise<Response> }> | null = null
  return {
    key,
    async transport(request) {
      app ??= import('../../functions/app.ts').then(({ createOutbox }) =>
        createOutbox({ description: false }),
      )
      return (await app).fetch(request, settings)
    },
  }
}
