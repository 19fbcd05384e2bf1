// `outbox console`: where the console is. On a terminal it opens it, too.
import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { usageError } from '../exit.ts'
import { contextOf } from '../globals.ts'

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

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

/** Where nothing can open it, the address that was printed must do. */
function openInBrowser(url: string): void {
  const [program, ...args] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' })
  child.on('error', () => {})
  child.unref()
}
