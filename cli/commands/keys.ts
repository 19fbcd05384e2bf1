// `outbox keys`: API keys that were given out. Those of OUTBOX_API_KEYS are not among them.
import { type Command, Option } from 'commander'
import type { CreatedApiKey, ListedApiKey } from '../../functions/keys/schema.ts'
import { addCommand, explain } from '../add-command.ts'
import { confirm } from '../confirm.ts'
import { contextOf } from '../globals.ts'
import { timeOf } from '../parse.ts'

interface NewKey {
  readonly name: string
  readonly scope: string
  readonly tenant?: string
  readonly expires?: string
}

export function addKeys(program: Command): void {
  const keys = explain(program.command('keys'), 'API keys: give one out, list them, revoke one', [
    'outbox keys create --name ci',
    'outbox keys list',
  ])
  addCommand(keys, 'list', 'list the keys that were given out, with their last use', [
    'outbox keys list',
    'outbox keys list --json | jq -r "select(.last_used_at == null).id"',
  ]).action(async (_options, command: Command) => {
    const { api, out } = contextOf(command)
    const found = await (await api()).all<ListedApiKey>('/v1/keys', {}, 1_000)
    out.rows(found, [
      { title: 'key', text: key => key.id },
      { title: 'name', text: key => key.name },
      { title: 'scope', text: key => key.scope },
      { title: 'tenant', text: key => key.tenant ?? '-' },
      { title: 'created', text: key => out.time(key.created_at) },
      { title: 'expires', text: key => out.time(key.expires_at) },
      { title: 'last used', text: key => out.time(key.last_used_at) },
    ])
    if (found.length === 0) out.note('There is none that was given out: outbox keys create --name ci')
  })
  addCommand(keys, 'create', 'give out a key; it is printed this once', [
    'outbox keys create --name ci',
    'outbox keys create --name support --scope read --tenant acme --expires 2027-01-01',
  ])
    .requiredOption('--name <name>', 'stands in the audit')
    .addOption(new Option('--scope <scope>', 'what it may do').choices(['read', 'admin']).default('read'))
    .option('--tenant <tenant>', "it sees and changes only this tenant's")
    .option('--expires <time>', 'until when it is valid', timeOf)
    .action(async ({ name, scope, tenant, expires }: NewKey, command: Command) => {
      const { api, out } = contextOf(command)
      const wanted = { name, scope, tenant: tenant ?? null, expires_at: expires ?? null }
      const created = await (await api()).post<CreatedApiKey>('/v1/keys', wanted)
      out.result(created, [created.id, created.key])
      out.note(`The second line is the key. It is shown only once.\nundo: outbox keys revoke ${created.id}`)
    })
  addCommand(keys, 'revoke <key>', 'revoke a key: the next request with it is refused', [
    'outbox keys revoke key_0000000000000001a1b2c3d4',
    'outbox keys revoke key_0000000000000001a1b2c3d4 --yes',
  ])
    .option('-y, --yes', 'do not ask')
    .action(async (id: string, { yes }: { yes?: boolean }, command: Command) => {
      const context = contextOf(command)
      await confirm(context, { what: `Whoever uses the key ${id} is refused from now on.`, yes })
      await (await context.api()).delete(`/v1/keys/${encodeURIComponent(id)}`)
      context.out.result({ id, revoked: true }, [id])
    })
}
