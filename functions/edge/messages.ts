// What the parts of edge sending say to each other.
import type { EndpointId } from '../../delivery/types.ts'
import { callObject, type ObjectBinding } from './object.ts'

/**
 * In a queue: this endpoint has work. It names no delivery and holds no lease, so it may be late, come twice or get lost: who
 * gets it claims what is due then. `slots` is how many requests it may have under way, of those the endpoint may have in all.
 */
export interface Token {
  readonly id: number
  readonly endpointId: EndpointId
  readonly slots: number
}

/** null = it is none of ours. */
export function parseToken(body: unknown): Token | null {
  const { id, endpointId, slots } = (body ?? {}) as Partial<Record<keyof Token, unknown>>
  const isToken = Number.isInteger(id) && /^\d{1,19}$/.test(String(endpointId)) && Number.isInteger(slots)
  return isToken ? (body as Token) : null
}

export type Lane = 'fast' | 'slow'

/** What a consumer says at its end. */
export interface Report {
  readonly id: number
  readonly endpointId: EndpointId
  /** Some may still be due. */
  readonly more: boolean
  /** When the next is due that was seen; null = none is known of. */
  readonly nextInSeconds: number | null
  /** How long its requests took on average; null = it made none. */
  readonly requestSeconds: number | null
}

type Said = { path: '/ring' } | { path: '/begin'; body: { id: number } } | { path: '/end'; body: Report }

/** Whether the dispatcher says yes. */
export async function tell(dispatcher: ObjectBinding, said: Said): Promise<boolean> {
  const answer = await callObject(dispatcher, said.path, 'body' in said ? said.body : undefined)
  if (answer.status !== 200 && answer.status !== 409)
    throw new Error(`the dispatcher answered ${answer.status}`)
  return answer.status === 200
}

/** Of two times, of which either may be unknown. */
export const sooner = (a: number | null, b: number | null) =>
  a === null || b === null ? (a ?? b) : Math.min(a, b)
