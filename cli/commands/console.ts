// `outbox console`: where the console is. On a terminal it opens it, too.
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { openInBrowser } from '../browser.ts'
import { usageError } from '../exit.ts'
import { contextOf } from '../globals.ts'

export function addConsole(program: Command): void {
  addCommand(program, 'console', 'print the address of the console and open it', [
    'outbox console',
    'outbox console --no-open',
  ])
    .option('--no-open', 'only print it')
    .action(({ open }: { open: boolean }, command: Command) => {
      const { out, target } = contextOf(command)
      const found = target()
      if (found.kind === 'database')
        throw usageError(
          'Nothing serves the console here: run outbox serve, then use --api http://127.0.0.1:8787.',
        )
      const url = `${found.url}/console`
      out.result({ url }, [url])
      if (open && out.isTerminal) openInBrowser(url)
    })
}
