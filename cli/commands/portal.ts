// `outbox portal open`: the console for one tenant. It makes a key that ends by itself, and a link that signs in with it.
import { type Command, Option } from 'commander'
import type { CreatedApiKey } from '../../functions/keys/schema.ts'
import { addCommand, explain } from '../add-command.ts'
import { openInBrowser } from '../browser.ts'
import { consoleAddress, makeConsoleLink } from '../console-link.ts'
import { contextOf } from '../globals.ts'
import { wholeNumber } from '../parse.ts'

interface Options {
  readonly tenant: string
  readonly scope: string
  readonly hours: number
  readonly open: boolean
}

export function addPortal(program: Command): void {
  const portal = explain(program.command('portal'), 'the console as one of your customers sees it', [
    'outbox portal open --tenant acme',
    'outbox portal open --tenant acme --scope admin --hours 8',
  ])
  addCommand(portal, 'open', 'print a link that signs in as a tenant, once, and open it', [
    'outbox portal open --tenant acme',
    'outbox portal open --tenant acme --scope admin --hours 8 --no-open',
  ])
    .requiredOption('--tenant <tenant>', 'whose endpoints, events and deliveries are shown')
    .addOption(new Option('--scope <scope>', 'what it may do').choices(['read', 'admin']).default('read'))
    .option('--hours <n>', 'how long the key that is made for it is valid', wholeNumber, 1)
    .option('--no-open', 'only print it')
    .action(async ({ tenant, scope, hours, open }: Options, command: Command) => {
      const context = contextOf(command)
      const { out } = context
      consoleAddress(context)
      const api = await context.api()
      const { id, key, expires_at } = await api.post<CreatedApiKey>('/v1/keys', {
        name: 'portal',
        scope,
        tenant,
        expires_at: new Date(Date.now() + hours * 3_600_000).toISOString(),
      })
      const { url } = await makeConsoleLink(api.withKey(key))
      out.result({ url, key_id: id, tenant, scope, expires_at }, [url])
      out.note(
        `It works once, within half an hour. Whoever opened it is out after ${hours} h.\nundo: outbox keys revoke ${id}`,
      )
      if (open && out.isTerminal) openInBrowser(url)
    })
}
