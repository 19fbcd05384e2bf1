// `outbox doctor`: checks settings, database and schema, and says for each what was found and what to do.
import type { Command } from 'commander'
import type { Environment } from '../../delivery/settings.ts'
import { readSchemaState } from '../../drizzle/schema-version.ts'
import { addCommand } from '../add-command.ts'
import type { Target } from '../api/target.ts'
import { withConnection } from '../connection.ts'
import { checkApi } from '../doctor/api.ts'
import { checkCapture, type Subject, schemaChecks, serverChecks } from '../doctor/database.ts'
import { type Check, type Finding, fail, warn } from '../doctor/finding.ts'
import { senderChecks } from '../doctor/senders.ts'
import { checkSettings } from '../doctor/settings.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import type { Output } from '../output.ts'

export function addDoctor(program: Command): void {
  addCommand(program, 'doctor', 'check what can be wrong with an outbox, and say what to do', [
    'outbox doctor',
    'outbox doctor --json | jq \'.checks[] | select(.result == "fail")\'',
  ])
    .addHelpText(
      'after',
      '\nIt asks the API, and the database where DATABASE_URL_UNPOOLED or --database-url names one. The exit code is 7 when a' +
        '\ncheck failed. Warnings do not count.',
    )
    .action(async (_options, command: Command) => {
      const context = contextOf(command)
      const findings = await examine(context)
      const failed = findings.filter(({ result }) => result === 'fail').length
      context.out.result({ healthy: failed === 0, checks: findings }, describe(findings, context.out))
      if (failed > 0) process.exitCode = exitCodes.isFalse
    })
}

/** What can be asked is asked: the API, the database, or both. */
async function examine(context: Context): Promise<Finding[]> {
  const { env } = context
  const target = targetOf(context)
  const hasDatabase = Boolean(env.DATABASE_URL_UNPOOLED)
  return [
    ...(target?.kind === 'server' ? await checkApi(await context.api()) : []),
    ...(hasDatabase || target === null ? await checkInstallation(env) : []),
  ]
}

function targetOf(context: Context): Target | null {
  try {
    return context.target()
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === exitCodes.usage) return null
    throw error
  }
}

async function checkInstallation(env: Environment): Promise<Finding[]> {
  const settings = await checkSettings(env)
  try {
    return [...settings, ...(await withConnection(env, connection => askDatabase({ ...connection, env })))]
  } catch (error) {
    if (error instanceof CommandError) return [...settings, { check: 'database', ...fail(error.message) }]
    throw error
  }
}

async function askDatabase(subject: Subject): Promise<Finding[]> {
  const server = await runChecks(serverChecks, subject)
  if (!(await readSchemaState(subject.run)).installed) return server
  const schema = await runChecks({ ...schemaChecks, ...senderChecks }, subject)
  const capture = await checkCapture(subject).catch(error => [{ check: 'capture', ...thrown(error) }])
  return [...server, ...schema, ...capture]
}

async function runChecks(
  checks: Readonly<Record<string, Check<Subject>>>,
  subject: Subject,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const [check, look] of Object.entries(checks))
    findings.push({ check, ...(await look(subject).catch(thrown)) })
  return findings
}

/** One check that cannot be made does not end the others. */
function thrown(error: Error & { code?: string }) {
  if (/^42(P01|703|883)$/.test(error.code ?? ''))
    return warn('cannot be looked at while the schema is of another version')
  if (error.code === '42501') return fail('this role may not look: use the connection string of the owner')
  return fail(`could not be checked (${error.code ?? error.name})`)
}

const styles = { ok: 'green', warn: 'yellow', fail: 'red' } as const

function describe(findings: readonly Finding[], out: Output): string[] {
  return out.table(
    findings.map(({ check, result, message }) => [out.style(styles[result], result), check, message]),
  )
}
