// The options of `npm run bench -- …`.
import { parseArgs } from 'node:util'
import { wholeNumber } from '../dev/options.ts'
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

export function readOptions(args: string[], known: readonly string[]): Options {
  const { only, quick, rounds } = parse(args)
  const unknown = only.filter(name => !known.includes(name))
  if (unknown.length > 0)
    throw new Trouble(`There is no scenario ${unknown.join(', ')}. There are: ${known.join(', ')}.`)
  return { only, quick, rounds: wholeNumber('--rounds', rounds ?? (quick ? '1' : '3'), 1, 100) }
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true, default: [] },
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
      },
    }).values
  } catch (error) {
    throw new Trouble(`${(error as Error).message}\n\n${usage}`)
  }
}
