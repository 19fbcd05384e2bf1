// `outbox uninstall`: removes the schema `outbox` with all its events, and ends every watch.
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { databaseUrlOf, inPlainWords, withConnection } from '../connection.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { uninstall } from '../migrate/product.ts'
import { describeUninstall } from '../migrate/report.ts'

export function addUninstall(program: Command): void {
  addCommand(program, 'uninstall', 'remove the schema outbox with all its events, and end every watch', [
    'outbox uninstall',
    'outbox uninstall --yes --database-url postgresql://localhost/app',
  ])
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nStop the listeners first. Undelivered events go with the schema; your own tables stay as they are.',
    )
    .action(async ({ yes }: { yes?: boolean }, command: Command) => {
      const context = contextOf(command)
      if (!yes) await askFirst(context)
      const watched = await inPlainWords(() => uninstall(databaseUrlOf(context.env))).catch(refused)
      context.out.result(
        { uninstalled: watched !== null, unwatched: watched ?? [] },
        describeUninstall(watched),
      )
    })
}

async function askFirst({ env, canAsk }: Context): Promise<void> {
  const where = await withConnection(env, async ({ client }) => {
    const { rows } = await client.query('select current_database() as name')
    return rows[0].name as string
  })
  if (!canAsk)
    throw new CommandError(
      exitCodes.refused,
      `This removes all events from the database ${where}: use --yes.`,
    )
  const { confirm, isCancel } = await import('@clack/prompts')
  const answer = await confirm({
    output: process.stderr,
    message: `Remove the schema outbox and all its events from the database ${where}?`,
    initialValue: false,
  })
  if (isCancel(answer)) throw new CommandError(exitCodes.interrupted, 'Nothing was changed.')
  if (!answer) throw new CommandError(exitCodes.refused, 'Nothing was changed.')
}

/** An object of the application's uses the schema: outbox.uninstall() names it. */
function refused(error: Error & { code?: string; hint?: string }): never {
  if (error.code !== '2BP01') throw error
  throw new CommandError(exitCodes.refused, [error.message, error.hint].filter(Boolean).join('. '))
}
