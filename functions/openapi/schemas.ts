// Small schemas that several objects share: each validates, documents and types at once.
import { z } from '@hono/zod-openapi'
import { formatId, type IdPrefix, parseId } from '../../delivery/ids.ts'
import { isStorable, toDouble } from '../http/json.ts'
import { problemUri } from '../http/problem-types.ts'

const maxBigint = 9223372036854775807n
const int64 = { type: 'integer', format: 'int64', minimum: 1 } as const

/** A row's id in a request body: any whole number that Postgres can hold. */
export const RowId = z
  .preprocess(
    value => (Number.isSafeInteger(value) ? BigInt(value as number) : value),
    z
      .bigint({ error: 'must be a whole number' })
      .min(1n, 'must be at least 1')
      .max(maxBigint, 'is too large'),
  )
  .openapi({ ...int64, example: 17 })

/** The same, in a path or a query. */
export const RowIdText = z
  .string()
  .regex(/^\d{1,19}$/, 'must be a whole number')
  .transform(BigInt)
  .pipe(z.bigint().min(1n, 'must be at least 1').max(maxBigint, 'is too large'))
  .openapi({ ...int64, example: 17 })

/** An opaque id in a query. In a path a malformed one is simply unknown. */
export function publicId(prefix: IdPrefix) {
  return z
    .string()
    .transform((value, context) => {
      const id = parseId(prefix, value)
      if (!id) context.addIssue({ code: 'custom', message: `must be an id that begins with ${prefix}_` })
      return id ?? z.NEVER
    })
    .openapi({ type: 'string', example: formatId(prefix, 1n, 0) })
}

/** The same as text, for what is written down as it was asked. */
export function publicIdText(prefix: IdPrefix) {
  return z
    .string()
    .refine(value => parseId(prefix, value) !== null, `must be an id that begins with ${prefix}_`)
    .openapi({ example: formatId(prefix, 1n, 0) })
}

/** A row's id or an amount in an answer. */
export const Int64 = z.bigint().openapi({ type: 'integer', format: 'int64' })

export const Time = z.string().openapi({ format: 'date-time', example: '2026-10-01T12:00:00.000Z' })

/** A moment in a query. The offset is required: a time without one means different things to different people. */
export const TimeText = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time, for example 2026-10-01T12:00:00Z' })
  .transform(value => new Date(value))
  .refine(time => time.getTime() >= 0, 'must not be before 1970')
  .openapi({ type: 'string', format: 'date-time' })

/** Text that Postgres can store, of bounded length. */
export function text(maxBytes: number) {
  return z
    .string()
    .refine(isStorable, 'contains a character that can not be stored')
    .refine(value => byteLength(value) <= maxBytes, `must not be longer than ${maxBytes} bytes`)
    .openapi({ maxLength: maxBytes })
}

interface Bounds {
  readonly above?: number
  readonly atLeast?: number
  readonly atMost: number
}

/** A number where the nearest double will do. */
export function double({ above, atLeast = 0, atMost }: Bounds) {
  const bounds = above === undefined ? `from ${atLeast} to ${atMost}` : `above ${above} and at most ${atMost}`
  const message = `must be a number ${bounds}`
  const number = z.number({ error: message }).max(atMost, message)
  return z.preprocess(
    toDouble,
    above === undefined ? number.min(atLeast, message) : number.gt(above, message),
  )
}

export function wholeNumber(atLeast: number, atMost: number) {
  const message = `must be a whole number from ${atLeast} to ${atMost}`
  return z.preprocess(toDouble, z.int({ error: message }).min(atLeast, message).max(atMost, message))
}

/** RFC 9457. */
export const Problem = z
  .object({
    type: z.string().openapi({
      description: 'Which kind of problem: docs/problems.md has them all',
      example: problemUri('invalid-input'),
    }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    errors: z
      .array(z.object({ path: z.string(), pointer: z.string().optional(), message: z.string() }))
      .optional(),
  })
  .openapi('Problem')

const byteLength = (value: string) => new TextEncoder().encode(value).length

const aProblem = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: Problem } },
} as const

/** The two halves of a route's contract that are the same everywhere. */
export function body<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { 'application/json': { schema } } } as const
}

/** An empty body means the same as `{}`. */
export function optionalBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: false, content: { 'application/json': { schema } } } as const
}

export function responses<Schema extends z.ZodType, Status extends 200 | 201 | 202 = 200>(
  schema: Schema,
  description: string,
  status = 200 as Status,
) {
  return {
    [status]: { description, content: { 'application/json': { schema } } },
    default: aProblem,
  } as const
}

export function textResponses<Schema extends z.ZodType>(type: string, schema: Schema, description: string) {
  return { 200: { description, content: { [type]: { schema } } }, default: aProblem } as const
}

export function emptyAnswer(description: string) {
  return { 204: { description }, default: aProblem } as const
}
