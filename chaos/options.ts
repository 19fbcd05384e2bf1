// What `npm run chaos -- …` may be told.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { wholeNumber } from '../dev/options.ts'
import { Trouble } from '../dev/say.ts'
import { type BugName, bugNames } from './mutations.ts'

const usage = `npm run chaos -- [--minutes N] [--seed N] [--replicas N] [--rate N] [--bug NAME] [--out DIR]

  --minutes N    how long faults go on (default 20); then it waits until all is calm, and checks
  --seed N       decides on the faults (default 1); the same seed makes the same choices
  --replicas N   listeners (default 3)
  --rate N       changes per second, a third through the API, the rest through SQL (default 25)
  --bug NAME     lets the replicas have a bug, to see that it is found: ${bugNames.join(', ')}
  --out DIR      where the report and the ledgers go (default .outbox/chaos)`

const options = {
  minutes: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  replicas: { type: 'string', default: '3' },
  rate: { type: 'string', default: '25' },
  bug: { type: 'string' },
  out: { type: 'string', default: join(import.meta.dirname, '../.outbox/chaos') },
} as const

export interface Options {
  minutes: number
  seed: number
  replicas: number
  rate: number
  bug: BugName | null
  out: string
}

export function readOptions(args: string[]): Options {
  const values = parse(args)
  return {
    minutes: wholeNumber('--minutes', values.minutes, 1, 1440),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    replicas: wholeNumber('--replicas', values.replicas, 1, 9),
    rate: wholeNumber('--rate', values.rate, 1, 1000),
    bug: bugName(values.bug),
    out: resolve(values.out),
  }
}

function bugName(name: string | undefined): BugName | null {
  const bug = bugNames.find(known => known === name) ?? null
  if (bug === null && name !== undefined)
    throw new Trouble(`expected --bug to name one that is known\n\n${usage}`)
  return bug
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new Trouble(`${(error as Error).message}\n\n${usage}`)
  }
}
