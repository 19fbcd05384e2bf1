// How a tool of ours begins and ends: --help explains it, and what people can mend is told without a stack trace.
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { inPlainWords } from '../cli/connection.ts'
import { CommandError } from '../cli/exit.ts'
import { SettingsError } from '../delivery/settings.ts'
import { Trouble } from './say.ts'

interface Arguments<T extends ParseArgsOptionsConfig> {
  readonly args?: string[]
  readonly usage: string
  readonly options: T
}

/** Prints the usage and ends the process for --help. Throws a Trouble with the usage for what is none of the options. */
export function readArguments<T extends ParseArgsOptionsConfig>({
  args = process.argv.slice(2),
  usage,
  options,
}: Arguments<T>) {
  helpIfAsked(usage, args)
  try {
    return parseArgs({ args, allowNegative: true, options }).values
  } catch (error) {
    throw new Trouble(`${(error as Error).message}\n\n${usage}`)
  }
}

export function helpIfAsked(usage: string, args = process.argv.slice(2)): void {
  if (!args.includes('--help') && !args.includes('-h')) return
  console.log(usage)
  process.exit(0)
}

/** Runs it to its end. A database that cannot be used is told in a sentence, too. */
export async function runTool(tool: () => Promise<void> | void): Promise<void> {
  try {
    await inPlainWords(async () => tool())
  } catch (error) {
    console.error(inWords(error))
    process.exitCode = 1
  }
}

/** What to print of an error: all of it, if nobody expected it. */
export function inWords(error: unknown): unknown {
  const isExpected = [Trouble, SettingsError, CommandError].some(expected => error instanceof expected)
  return isExpected ? (error as Error).message : error
}
