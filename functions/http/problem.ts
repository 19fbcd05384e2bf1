// Errors for people and programs: RFC 9457 problem details. None of them shows anything internal.
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { ZodError } from 'zod'
import { type ProblemType, problemUri, typeOfStatus } from './problem-types.ts'
import { type Reply, reply } from './reply.ts'

/** One refused part of the input; its path has dots (`item_ids.0`) and is empty for the whole. */
export type InputError = {
  readonly path: string
  /** The same as a JSON Pointer (RFC 6901), where the input is a list. */
  readonly pointer?: string
  readonly message: string
}

interface Extras {
  readonly errors?: readonly InputError[] | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Where the status alone does not say it. */
  readonly type?: ProblemType
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
  { errors, headers, type = typeOfStatus(status) }: Extras = {},
): Reply {
  const body = { type: problemUri(type), title: titles[status] ?? 'Error', status, detail, errors }
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

type Place = readonly PropertyKey[]

/** One entry for each field that a schema refuses; unknown fields by their name. */
export function inputErrors(error: ZodError, at = errorAt): InputError[] {
  return error.issues.flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(key => at([...issue.path, key], 'is not a known field'))
      : [at(issue.path, issue.message)],
  )
}

const errorAt = (place: Place, message: string): InputError => ({ path: place.join('.'), message })

export const errorWithPointer = (place: Place, message: string): InputError => ({
  path: place.join('.'),
  pointer: place.map(part => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
  message,
})

/** Unknown fields can be as many as the body has room for. */
const maxErrors = 100

/** Where the input is a list: the hook of its routes. */
export const badList = (
  result: { readonly success: true } | { readonly success: false; readonly error: ZodError },
): Reply | undefined =>
  result.success ? undefined : badInput(...inputErrors(result.error, errorWithPointer).slice(0, maxErrors))
