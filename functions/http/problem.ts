// Errors for people and programs: RFC 9457 problem details. Nothing of our insides is ever in one.
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ZodError } from 'zod'
import { SecretUnavailable } from '../../delivery/secrets.ts'
import { SettingsError } from '../../delivery/settings.ts'
import { DatabaseError } from '../db.ts'
import { keyReused } from './idempotent-statements.ts'
import { log } from './log.ts'
import { type Reply, reply } from './reply.ts'

/** What is wrong with one part of the input; the path is dotted (`item_ids.0`) and empty for the whole. */
export type InputError = { readonly path: string; readonly message: string }

interface Extras {
  readonly errors?: readonly InputError[] | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const titles: Partial<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

export function problem(
  status: ContentfulStatusCode,
  detail: string,
  { errors, headers }: Extras = {},
): Reply {
  const body = { type: 'about:blank', title: titles[status] ?? 'Error', status, detail, errors }
  return reply(body, status, { 'content-type': 'application/problem+json', ...headers })
}

/** Input that can be read but not accepted. */
export function badInput(...errors: InputError[]): Reply {
  const [first] = errors
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return problem(400, first ? `${first.path || 'The input'}: ${first.message}${more}.` : 'Bad input.', {
    errors,
  })
}

/** For every schema's complaint: one entry per field, unknown fields by their name. */
export function inputErrors(error: ZodError): InputError[] {
  return error.issues.flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(key => ({ path: [...issue.path, key].join('.'), message: 'is not a known field' }))
      : [{ path: issue.path.join('.'), message: issue.message }],
  )
}

/** The last stop of everything that was thrown. */
export function problemFor(error: Error): Reply {
  if (error instanceof HTTPException) {
    return problem(error.status as ContentfulStatusCode, error.message || 'The request can not be answered.')
  }
  if (error instanceof SettingsError) {
    log('a setting is wrong', { reason: error.message })
    return unavailable(error.message)
  }
  if (error instanceof DatabaseError) {
    if (error.sqlstate === keyReused) return problem(422, 'This Idempotency-Key belongs to another request.')
    log('a statement failed', { statement: error.statement, sqlstate: error.sqlstate })
    return error.isUnavailable ? unavailable('The database can not be reached just now.') : unexpected()
  }
  if (error instanceof SecretUnavailable) {
    // Only a repeat opens anything: what was chosen for the first request is kept sealed (functions/http/idempotency.ts).
    return problem(409, 'It was done, but can not be shown again: the master key of that time is gone.')
  }
  // Only the kind of error: its message may repeat input or secrets.
  log('something unexpected was thrown', { error: error.name })
  return unexpected()
}

const unavailable = (detail: string) => problem(503, detail, { headers: { 'retry-after': '5' } })
const unexpected = () => problem(500, 'Something went wrong on our side; it has been logged.')
