// Turns everything that was thrown into a problem. Expected failures are values and never come here.
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { SecretUnavailable } from '../../delivery/secrets.ts'
import { SettingsError } from '../../delivery/settings.ts'
import { DatabaseError } from '../db.ts'
import { keyReused } from './idempotent-statements.ts'
import { log } from './log.ts'
import { problem } from './problem.ts'
import type { Reply } from './reply.ts'

export function problemFor(error: Error): Reply {
  if (error instanceof HTTPException) {
    return problem(error.status as ContentfulStatusCode, error.message || 'The request cannot be answered.')
  }
  if (error instanceof SettingsError) {
    log('a setting is wrong', { reason: error.message })
    return unavailable(error.message)
  }
  if (error instanceof DatabaseError) {
    if (error.sqlstate === keyReused) return problem(422, 'This Idempotency-Key belongs to another request.')
    const { statement, sqlstate, reason } = error
    log('a statement failed', { statement, sqlstate, ...(reason === null ? null : { reason }) })
    if (error.lacksSchema) return unavailable(anotherSchema)
    return error.isUnavailable ? unavailable(whyUnavailable(error)) : unexpected()
  }
  if (error instanceof SecretUnavailable) {
    // Only a repeat opens anything: it needs the random bytes of the first request, which are kept sealed (idempotency.ts).
    return problem(409, 'It was done, but can not be shown again: the master key of that time is gone.')
  }
  // Only the kind of error: its message may repeat input or secrets.
  log('something unexpected was thrown', { error: error.name })
  return unexpected()
}

const anotherSchema =
  'The schema outbox is not in this database, or is older than these functions: run `outbox migrate`.'

/** Names the setting of the database that is the reason, so that an operator can change it. */
function whyUnavailable({ sqlstate, lockedSetting }: DatabaseError): string {
  if (lockedSetting !== null)
    return `The database sets ${lockedSetting} for the role of these functions, and the role may not change it back.`
  switch (sqlstate) {
    case '25006':
      return 'The database accepts no writes: default_transaction_read_only is on, or it is a standby.'
    case '57014':
      return 'The database stopped a statement: its statement_timeout is too short, or somebody canceled it.'
    case '25P03':
      return 'The database ended the session: its idle_in_transaction_session_timeout is too short.'
    case '25P04':
      return 'The database ended the session: its transaction_timeout is too short.'
    default:
      return 'The database can not be reached just now.'
  }
}

const unavailable = (detail: string) => problem(503, detail, { headers: { 'retry-after': '5' } })
const unexpected = () => problem(500, 'Something went wrong on our side; it has been logged.')
