// `outbox redeliver`: sends deliveries again, now and with a new retry budget.
import type { Command } from 'commander'
import type { Delivery } from '../../functions/deliveries/schema.ts'
import { addCommand } from '../add-command.ts'
import { confirm } from '../confirm.ts'
import { CommandError } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'

export function addRedeliver(program: Command): void {
  addCommand(program, 'redeliver <delivery...>', 'send deliveries again, now and with a new retry budget', [
    'outbox redeliver dlv_00000000000004d20000000000000001',
    'outbox redeliver $(outbox deliveries list --state dead --json | jq -r .id) --yes',
  ])
    .option('-y, --yes', 'do not ask when it is more than one')
    .action((ids: string[], { yes }: { yes?: boolean }, command: Command) =>
      redeliver(contextOf(command), ids, yes),
    )
}

async function redeliver(context: Context, ids: readonly string[], yes: boolean | undefined): Promise<void> {
  if (ids.length > 1)
    await confirm(context, { what: `This sends ${ids.length} deliveries again.`, yes, isBulk: true })
  const client = await context.api()
  const failures: CommandError[] = []
  for (const id of ids) {
    try {
      const delivery = await client.post<Delivery>(`/v1/deliveries/${encodeURIComponent(id)}/redeliver`)
      context.out.result(delivery, [`${delivery.id}\t${delivery.state}`])
    } catch (error) {
      if (!(error instanceof CommandError) || ids.length === 1) throw error
      failures.push(error)
      context.out.note(`${id}: ${error.message}`)
    }
  }
  const [first] = failures
  if (first)
    throw new CommandError(first.exitCode, `${failures.length} of ${ids.length} were not sent again.`)
  context.out.note(`next: outbox deliveries get ${ids[0]} --wait delivered`)
}
