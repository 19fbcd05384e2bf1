// `outbox migrate`: brings the schema `outbox` to this version, in one transaction. Running it again changes nothing.
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { databaseUrlOf, exitCodeFor, inPlainWords } from '../connection.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { DowngradeError, migrateProduct, OldPostgresError, planProduct } from '../migrate/product.ts'
import { describe, describeVersions } from '../migrate/report.ts'
import { completeScript, pendingScript } from '../migrate/script.ts'

interface Options {
  readonly dryRun?: boolean
  readonly sql?: boolean
  readonly downgrade?: boolean
}

export function addMigrate(program: Command): void {
  addCommand(program, 'migrate', 'bring the schema outbox of the database to this version', [
    'outbox migrate',
    'outbox migrate --sql > outbox.sql',
  ])
    .option('--dry-run', 'print the SQL that would run, and change nothing')
    .option('--sql', 'print a script for psql that brings any database to this version; needs no connection')
    .option('--downgrade', 'put the functions of this version back although the schema is newer')
    .addHelpText(
      'after',
      '\nIt makes the schema outbox and its roles, and nothing else. Several at once take turns. A migration that does not' +
        '\nget a lock within three seconds gives up and changes nothing.',
    )
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      if (options.sql) {
        const sql = completeScript()
        return context.out.result({ sql }, [sql])
      }
      await explained(() => (options.dryRun ? dryRun(context) : migrate(context, options)))
    })
}

async function migrate({ env, out }: Context, { downgrade }: Options): Promise<void> {
  const migrated = await migrateProduct(databaseUrlOf(env), { downgrade })
  const { from, to, product, notices } = migrated
  for (const notice of notices) out.note(`note: ${notice}`)
  const done = describe(product)
  const unchanged = done.length === 0 && from === to
  out.result({ from, to, ...product, notices }, [
    ...done,
    unchanged ? `${describeVersions(migrated)}: nothing to do` : describeVersions(migrated),
  ])
  if (from === null)
    out.note(`next: SELECT outbox.watch('your_table'); and outbox listener\nundo: outbox uninstall`)
}

async function dryRun({ env, out }: Context): Promise<void> {
  const { from, to, plan } = await planProduct(databaseUrlOf(env))
  const files = [...plan.migrations, ...plan.functionFiles]
  const names = files.map(({ name }) => name)
  out.note(
    names.length === 0
      ? `the schema outbox is at version ${to}: nothing to do`
      : `would go from ${from ?? 'no schema'} to ${to}, with ${names.length} files; nothing was changed`,
  )
  if (out.isJson) return out.result({ from, to, pending: names }, [])
  if (names.length > 0) out.data(pendingScript(plan))
}

/** What stands against it, as an exit code. The sentences are the migrator's own, which name the file and the line. */
async function explained(work: () => Promise<void>): Promise<void> {
  try {
    await inPlainWords(work)
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } }
    if (error instanceof DowngradeError || error instanceof OldPostgresError)
      throw new CommandError(exitCodes.refused, message)
    if (typeof cause?.code !== 'string') throw error
    const exitCode = cause.code === '55P03' ? exitCodes.refused : exitCodeFor(cause.code)
    throw new CommandError(exitCode ?? exitCodes.unexpected, message)
  }
}
