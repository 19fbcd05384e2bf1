// Deliberate mistakes (`--mutation NAME`), to see that a chaos run finds them: the listeners run from a copy of the source
// with one change. The source itself never has them.
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Mutation {
  file: string
  right: string
  wrong: string
  /** How often it occurs; default once. */
  times?: number
}

export const mutations = {
  /** A sender that has lost its lease overwrites the newer outcome, so the delivery is sent again. */
  'settle-without-lease': {
    file: 'drizzle/queries.gen.ts',
    right: 'd.event_id = r.event_id and d.lease = r.lease\nreturning',
    wrong: 'd.event_id = r.event_id\nreturning',
    times: 3, // settle.sql, and settle_delivered.sql for first attempts and for later ones
  },
  /** The listener goes idle while transactions that did not notify are still in flight. */
  'idle-too-early': {
    file: 'worker/wake/notify-suppression.ts',
    right: 'if (sawAll && meta.xmin >= this.#state.until)',
    wrong: 'if (sawAll)',
  },
  /** The fan-out takes the highest id it has seen for the end of all that came before, and skips later commits below it. */
  'skip-late-commits': {
    file: 'worker/claim/fan-out-bound.ts',
    right: 'if (!sawAll) return',
    wrong: 'if (meta.fannedTo !== null) this.#from = meta.fannedTo + 1n\n    return',
  },
} satisfies Record<string, Mutation>

export type MutationName = keyof typeof mutations
export const mutationNames = Object.keys(mutations) as MutationName[]

const root = join(import.meta.dirname, '..')
const partsOfListener = ['worker', 'delivery', 'drizzle', 'package.json']

/** Returns the root of the copy; the caller removes it. */
export function copyWithMutation(name: MutationName): string {
  const copy = mkdtempSync(join(tmpdir(), `outbox-${name}-`))
  for (const part of partsOfListener) cpSync(join(root, part), join(copy, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const { file, right, wrong, times = 1 }: Mutation = mutations[name]
  const source = readFileSync(join(copy, file), 'utf8')
  if (source.split(right).length !== times + 1)
    throw new Error(`mutation ${name}: expected ${file} to contain this ${times} times: ${right}`)
  writeFileSync(join(copy, file), source.replaceAll(right, wrong))
  return copy
}
