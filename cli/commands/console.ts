// `outbox console`: where the console is. On a terminal it opens it, too, signed in with the key that commands use.
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { openInBrowser } from '../browser.ts'
import { consoleAddress, makeConsoleLink } from '../console-link.ts'
import { contextOf } from '../globals.ts'

interface Options {
  readonly open: boolean
  readonly link?: boolean
}

export function addConsole(program: Command): void {
  addCommand(program, 'console', 'print the address of the console and open it, signed in', [
    'outbox console',
    'outbox console --link',
  ])
    .option('--no-open', 'only print it')
    .option('--link', 'print a link that signs in, once, within half an hour')
    .action(async ({ open, link }: Options, command: Command) => {
      const context = contextOf(command)
      const { out, api } = context
      const url = consoleAddress(context)
      if (link) {
        const signedIn = await makeConsoleLink(await api())
        out.result({ ...signedIn }, [signedIn.url])
        return
      }
      const opened = open && out.isTerminal ? await makeConsoleLink(await api()) : null
      out.result({ url }, [url])
      if (opened) openInBrowser(opened.url)
    })
}
