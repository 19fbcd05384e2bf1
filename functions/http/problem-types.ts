// The kinds of problems, by which programs tell them apart. Each has a section in docs/problems.md, and keeps its name.

/** What a status means where nothing more exact is said. */
const byStatus = {
  400: 'invalid-input',
  401: 'no-valid-key',
  403: 'not-allowed',
  404: 'not-found',
  405: 'wrong-method',
  409: 'conflict',
  413: 'too-large',
  415: 'not-json',
  422: 'idempotency-key-reused',
  429: 'too-many-requests',
  500: 'unexpected',
  503: 'unavailable',
} as const

/** Conflicts that a program may wait for, or end. */
const conflicts = [
  'endpoint-disabled',
  'endpoint-state',
  'attempt-under-way',
  'replay-running',
  'name-taken',
  'pull-taken',
  'lease-lost',
  'not-held',
  'other-database',
  'no-sequence',
] as const

export type ProblemType = (typeof byStatus)[keyof typeof byStatus] | (typeof conflicts)[number]

export const problemTypes: readonly ProblemType[] = [...Object.values(byStatus), ...conflicts]

/** A URN, because it must be the same wherever the outbox is mounted. */
export const problemUri = (type: ProblemType) => `urn:outbox:problem:${type}`

export function typeOfStatus(status: number): ProblemType {
  return byStatus[status as keyof typeof byStatus] ?? (status < 500 ? 'invalid-input' : 'unexpected')
}
