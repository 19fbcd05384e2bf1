// The options of `npm run dev -- …`.
import { readArguments } from './program.ts'
import { Trouble } from './say.ts'

export interface Options {
  /** Start from an empty database. */
  fresh: boolean
  /** The port of the functions. */
  port: number
  /** With 0 listeners, the cron function delivers everything. */
  listeners: number
  cron: boolean
  seed: boolean
}

const usage = `npm run dev -- [--fresh] [--port N] [--listeners N] [--no-cron] [--no-seed]

  --fresh        start with an empty database
  --port N       the functions' port (default 8787)
  --listeners N  number of listeners (default 1, 0 = none)
  --no-cron      do not fire the cron function every minute
  --no-seed      do not load the example shop

DATABASE_URL takes a database of yours in place of the embedded one; .env.example has the other settings.`

const options = {
  fresh: { type: 'boolean', default: false },
  port: { type: 'string', default: '8787' },
  listeners: { type: 'string', default: '1' },
  cron: { type: 'boolean', default: true },
  seed: { type: 'boolean', default: true },
} as const

/** Throws a Trouble for invalid options. */
export function readOptions(args: string[]): Options {
  const values = readArguments({ args, usage, options })
  return {
    ...values,
    port: wholeNumber('--port', values.port, 1, 65_535),
    listeners: wholeNumber('--listeners', values.listeners, 0, 50),
  }
}

export function wholeNumber(name: string, text: string, low: number, high: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= low && number <= high) return number
  throw new Trouble(`${name} takes a whole number from ${low} to ${high}.`)
}
