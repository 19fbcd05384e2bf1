// A command explains itself: what it does, two examples, then its options.
import type { Command } from 'commander'

type Examples = readonly [string, string, ...string[]]

/** `usage` is its name and its arguments, `endpoints get <id>` without `endpoints`. */
export function addCommand(parent: Command, usage: string, summary: string, examples: Examples): Command {
  return explain(parent.command(usage), summary, examples)
}

/** The summary stands in the list of commands, the examples only in the command's own help. */
export function explain(command: Command, summary: string, examples: Examples): Command {
  return command
    .summary(summary)
    .description(`${summary}\n\nExamples:\n${examples.map(line => `  ${line}`).join('\n')}`)
}
