// The options of `npm run chaos -- …`.
import { join, resolve } from 'node:path'
import { wholeNumber } from '../dev/options.ts'
import { readArguments } from '../dev/program.ts'
import { Trouble } from '../dev/say.ts'
import { type MutationName, mutationNames } from './mutations.ts'

const usage = `npm run chaos -- [--minutes N] [--seed N] [--listeners N] [--rate N] [--mutation NAME] [--out DIR]

  --minutes N       how long faults are injected (default 20); then the run waits until no work is open, and checks
  --seed N          chooses the faults (default 1); the same seed makes the same choices
  --listeners N     number of listeners (default 3)
  --rate N          changes per second, a third through the API, the rest through SQL (default 25)
  --mutation NAME   plants a mistake in the listeners, to see that the run finds it:
                    ${mutationNames.join(', ')}
  --out DIR         directory of the report and the journals (default .outbox/chaos)`

const options = {
  minutes: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  listeners: { type: 'string', default: '3' },
  rate: { type: 'string', default: '25' },
  mutation: { type: 'string' },
  out: { type: 'string', default: join(import.meta.dirname, '../.outbox/chaos') },
} as const

export interface Options {
  minutes: number
  seed: number
  listeners: number
  rate: number
  mutation: MutationName | null
  out: string
}

export function readOptions(args: string[]): Options {
  const values = readArguments({ args, usage, options })
  return {
    minutes: wholeNumber('--minutes', values.minutes, 1, 1440),
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    listeners: wholeNumber('--listeners', values.listeners, 1, 9),
    rate: wholeNumber('--rate', values.rate, 1, 1000),
    mutation: mutationName(values.mutation),
    out: resolve(values.out),
  }
}

function mutationName(name: string | undefined): MutationName | null {
  const known = mutationNames.find(known => known === name) ?? null
  if (known === null && name !== undefined)
    throw new Trouble(`--mutation must be one of: ${mutationNames.join(', ')}\n\n${usage}`)
  return known
}
