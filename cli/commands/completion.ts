// `outbox completion`: lets a shell complete commands, options, ids and event types.
import { Argument, type Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { candidatesFor } from '../completion/candidates.ts'
import { lookupWith } from '../completion/lookup.ts'
import { type Shell, scripts, shells } from '../completion/scripts.ts'
import { contextOf } from '../globals.ts'
import { oneLine } from '../output.ts'

export function addCompletion(program: Command): void {
  addCommand(
    program,
    'completion',
    'print the script that lets your shell complete commands, ids and types',
    ['eval "$(outbox completion bash)"', 'outbox completion fish > ~/.config/fish/completions/outbox.fish'],
  )
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .action((shell: Shell, _options, command: Command) => {
      contextOf(command).out.result({ shell, script: scripts[shell] }, [scripts[shell]])
    })
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[], _options, command: Command) => {
      // Whatever goes wrong, a shell that asks wants no sentence.
      const found = await candidatesFor(program, words, lookupWith(contextOf(command))).catch(() => [])
      for (const { value, description } of found) process.stdout.write(`${value}\t${oneLine(description)}\n`)
    })
}
