// Does what a plan says: as many endpoints at once as the API takes, and of each request all or none.
import type { AppliedBatch } from '../../functions/endpoints/batch/schema.ts'
import type { Answer } from '../api/answers.ts'
import type { ApiClient } from '../api/client.ts'
import { CommandError } from '../exit.ts'
import { nameOf, type Step } from './plan.ts'

export interface Done {
  readonly step: Step
  readonly id: string
  /** Of a new endpoint, shown this once. */
  readonly secret?: string
}

/** Well below what the API takes: an answer is to come within seconds also from a small database. */
const maxAtOnce = 100
const maxBytesAtOnce = 512 * 1024

export async function apply(
  client: ApiClient,
  steps: readonly Step[],
  onDone: (done: readonly Done[]) => void,
): Promise<void> {
  for (const batch of batchesOf(steps)) onDone(await take(client, batch))
}

/** What one step asks for, and under which name. */
function asked(step: Step): { readonly kind: 'create' | 'update' | 'delete'; readonly member: unknown } {
  switch (step.action) {
    case 'create':
      return { kind: 'create', member: step.declared }
    case 'update':
      return { kind: 'update', member: { id: step.id, ...settingsOf(step) } }
    case 'delete':
      return { kind: 'delete', member: step.id }
  }
}

/** The kind of signing changes by a rotation. */
const settingsOf = ({ changes }: Step & { action: 'update' }) =>
  Object.fromEntries(
    changes.filter(({ setting }) => setting !== 'signing').map(({ setting, to }) => [setting, to]),
  )

function batchesOf(steps: readonly Step[]): Step[][] {
  const batches: Step[][] = []
  let bytes = 0
  for (const step of steps) {
    const size = JSON.stringify(asked(step).member).length
    const last = batches.at(-1)
    if (last && last.length < maxAtOnce && bytes + size <= maxBytesAtOnce) {
      last.push(step)
      bytes += size
    } else {
      batches.push([step])
      bytes = size
    }
  }
  return batches
}

async function take(client: ApiClient, steps: readonly Step[]): Promise<Done[]> {
  const of = (kind: string) => steps.filter(({ action }) => action === kind)
  const request = {
    create: of('create').map(step => asked(step).member),
    update: of('update').map(step => asked(step).member),
    delete: of('delete').map(step => asked(step).member),
  }
  const { created } = await client
    .post<Answer<typeof AppliedBatch>>('/v1/endpoints/batch', request)
    .catch(error => {
      throw withNames(error, of)
    })
  const made = of('create').map((step, i): Done => {
    const { id, secret = created[i]!.public_key } = created[i]!
    return { step, id, ...(secret === undefined ? {} : { secret }) }
  })
  const changed: Done[] = []
  for (const step of steps) if (step.action === 'update') changed.push(await rotateIfAsked(client, step))
  const deleted = steps.flatMap(step => (step.action === 'delete' ? [{ step, id: step.id }] : []))
  return [...made, ...changed, ...deleted]
}

async function rotateIfAsked(client: ApiClient, step: Step & { action: 'update' }): Promise<Done> {
  const signing = step.changes.find(({ setting }) => setting === 'signing')?.to
  if (signing === undefined) return { step, id: step.id }
  const { secret, public_key } = await client.post<{ secret?: string; public_key?: string }>(
    `/v1/endpoints/${step.id}/rotate`,
    { signing },
  )
  return { step, id: step.id, secret: secret ?? public_key ?? '' }
}

interface PlacedError {
  readonly path: string
  readonly message: string
}

/** The API speaks of places in the request, people of names. */
function withNames(error: unknown, of: (kind: string) => Step[]): unknown {
  if (!(error instanceof CommandError)) return error
  const { errors = [] } = (error.problem ?? {}) as { errors?: readonly PlacedError[] }
  const sentences = errors.flatMap(({ path, message }) => {
    const [, kind, place, ...field] = /^(create|update|delete)\.(\d+)(?:\.(.*))?$/.exec(path) ?? []
    const step = kind === undefined ? undefined : of(kind)[Number(place)]
    return step ? [`${nameOf(step)}: ${[...field.filter(Boolean), message].join(' ')}.`] : []
  })
  if (sentences.length === 0) return error
  return new CommandError(error.exitCode, sentences.join('\n'), error.problem)
}
