// The options of `npm run bench -- …`.
import { wholeNumber } from '../dev/options.ts'
import { readArguments } from '../dev/program.ts'
import { Trouble } from '../dev/say.ts'

export interface Options {
  /** Names of scenarios; empty = all. */
  only: string[]
  /** Small numbers and one round: shows that everything runs, but the figures mean nothing. */
  quick: boolean
  rounds: number
}

const usage = `npm run bench -- [--only NAME]… [--quick] [--rounds N]

  --only NAME  runs one scenario; may be repeated
  --quick      small numbers and one round: shows that everything runs, but the figures mean nothing
  --rounds N   number of rounds in which all subjects take turns (default 3)`

const options = {
  only: { type: 'string', multiple: true, default: [] as string[] },
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
} as const

/** Before anything is installed or started. */
export function readOptions(args: string[]): Options {
  const { only, quick, rounds } = readArguments({ args, usage, options })
  return { only, quick, rounds: wholeNumber('--rounds', rounds ?? (quick ? '1' : '3'), 1, 100) }
}

/** Those that were asked for. */
export function chosenOf<T extends { name: string }>(scenarios: readonly T[], { only }: Options): T[] {
  const unknown = only.filter(name => !scenarios.some(scenario => scenario.name === name))
  if (unknown.length > 0)
    throw new Trouble(
      `There is no scenario ${unknown.join(', ')}. There are: ${scenarios.map(({ name }) => name).join(', ')}.`,
    )
  return scenarios.filter(({ name }) => only.length === 0 || only.includes(name))
}
