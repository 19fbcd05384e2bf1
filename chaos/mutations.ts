// Deliberate bugs (`--bug NAME`), to see that the lab finds them: the replicas run from a copy of the source in which one
// line is different. Nothing of this is in the program itself.
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Bug {
  file: string
  right: string
  wrong: string
}

export const bugs = {
  /** Who has lost its lease overwrites what came of the delivery since: it is sent again. */
  'no-fencing': {
    file: 'drizzle/queries.gen.ts',
    right: 'd.event_id = r.event_id and d.lease = r.lease\n  returning',
    wrong: 'd.event_id = r.event_id\n  returning',
  },
  /** Falls asleep although a transaction that saw it awake is still under way. */
  'no-snapshot-wait': {
    file: 'worker/wake/notify-suppression.ts',
    right: 'if (sawAll && meta.xmin >= this.#state.until)',
    wrong: 'if (sawAll)',
  },
  /** Takes the highest id it has seen for the end of all that came before. */
  'greater-than-last': {
    file: 'worker/claim/fan-out-bound.ts',
    right: 'if (!sawAll) return',
    wrong: 'if (meta.fannedTo !== null) this.#from = meta.fannedTo + 1n\n    return',
  },
} satisfies Record<string, Bug>

export type BugName = keyof typeof bugs
export const bugNames = Object.keys(bugs) as BugName[]

const root = join(import.meta.dirname, '..')
const partsOfReplica = ['worker', 'delivery', 'drizzle', 'package.json']

/** Returns the root of the copy; whoever asks for it removes it. */
export function copyWithBug(name: BugName): string {
  const copy = mkdtempSync(join(tmpdir(), `outbox-${name}-`))
  for (const part of partsOfReplica) cpSync(join(root, part), join(copy, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const { file, right, wrong } = bugs[name]
  const source = readFileSync(join(copy, file), 'utf8')
  if (source.split(right).length !== 2)
    throw new Error(`expected ${file} to say this once, or the bug can't be put there: ${right}`)
  writeFileSync(join(copy, file), source.replace(right, wrong))
  return copy
}
