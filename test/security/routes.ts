// The API's routes from its own description, and the details that must never be in an answer.
import { expect } from 'vitest'
import type { Description, Operation } from '../../functions/openapi/description.ts'
import type { Answer, Api } from '../functions/api.ts'

export interface Route {
  readonly method: string
  readonly path: string
  readonly operation: Operation
  /** Needs no key. */
  readonly open: boolean
}

export async function routesOf(api: Api): Promise<Route[]> {
  const { paths } = (await api.get('/openapi.json')).body as Description
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation: operation!,
      open: operation!.security?.length === 0,
    })),
  )
}

/** SQL, stack traces, file names, driver errors: details that help an attacker. */
const internalDetails =
  /\bat \w+.*:\d+:\d+|\.(ts|js):\d|node_modules|NeonDbError|DrizzleQueryError|TypeError|SyntaxError|ZodError|SQLSTATE|\bselect\b.*\bfrom\b|insert into|pg_catalog|syntax error at|violates|does not exist/i

/** It fails because it is asked to, or by itself twice. */
const failsOnDemand = (route: string) => /^\S+ \/receivers\/flaky\b/.test(route)

/** Every answer: no 5xx, no type for browsers to guess, always a problem document, no internal details. */
export function expectDecent(route: string, answer: Answer): void {
  if (!failsOnDemand(route)) expect(answer.status, `${route}: ${answer.text}`).toBeLessThan(500)
  expect(answer.headers.get('x-content-type-options'), route).toBe('nosniff')
  if (answer.status < 400) return
  expect(answer.headers.get('content-type'), route).toBe('application/problem+json')
  const keys = ['type', 'title', 'status', 'detail']
  if (answer.body.errors !== undefined) keys.push('errors')
  expect(Object.keys(answer.body), route).toEqual(keys)
  expect(answer.body.status, route).toBe(answer.status)
  expect(answer.text, route).not.toMatch(internalDetails)
}
