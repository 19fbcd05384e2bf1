// `outbox init`: writes what a new installation needs into the folder. It overwrites nothing.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { addCommand } from '../add-command.ts'
import { databaseUrlOf } from '../connection.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Context, contextOf } from '../globals.ts'
import { adaptDrizzleConfig, type DrizzleConfig } from '../init/drizzle-config.ts'
import { addToEnvFile } from '../init/env-file.ts'
import { filesFor } from '../init/files.ts'
import { type Answers, type Framework, frameworks, guessFramework, usesPrisma } from '../init/plan.ts'

interface Options {
  readonly yes?: boolean
  readonly framework?: string
  readonly watch?: string[]
}

export function addInit(program: Command): void {
  addCommand(
    program,
    'init',
    'write settings, keys and the files of a new installation; overwrites nothing',
    ['outbox init', 'outbox init --yes --database-url postgresql://localhost/app --watch orders'],
  )
    .option('-y, --yes', 'take the defaults, do not ask')
    .option('--framework <name>', `${frameworks.join(' or ')} (default: what the folder looks like)`)
    .option('--watch <table...>', 'tables to capture')
    .action(async (options: Options, command: Command) => {
      const context = contextOf(command)
      const answers = await answersFor(context, options)
      report(context, answers, write(answers))
    })
}

async function answersFor(context: Context, options: Options): Promise<Answers> {
  const known = defaults(context, options)
  if (options.yes) return known
  if (!context.canAsk)
    throw new CommandError(exitCodes.usage, 'There is nobody to ask here: use --yes, and --database-url.')
  const { ask } = await import('../init/questions.ts')
  return ask(known, { framework: options.framework === undefined, tables: options.watch === undefined })
}

function defaults({ env }: Context, { framework, watch }: Options): Answers {
  return {
    framework: frameworkNamed(framework) ?? guessFramework('.'),
    databaseUrl: env.DATABASE_URL_UNPOOLED ? databaseUrlOf(env) : null,
    tables: watch ?? [],
    usesPrisma: usesPrisma('.'),
  }
}

function frameworkNamed(name: string | undefined): Framework | undefined {
  const found = frameworks.find(framework => framework === name)
  if (name !== undefined && found === undefined)
    throw new CommandError(exitCodes.usage, `--framework takes ${frameworks.join(' or ')}.`)
  return found
}

interface Written {
  readonly settings: string[]
  readonly files: string[]
  /** They were there, and stay as they are. */
  readonly kept: string[]
  /** null = the project does not use it. */
  readonly drizzle: DrizzleConfig | null
}

function write(answers: Answers): Written {
  const url = answers.databaseUrl
  const settings = addToEnvFile('.env', {
    ...(url === null ? {} : { DATABASE_URL: url, DATABASE_URL_UNPOOLED: url }),
    OUTBOX_MASTER_KEYS: `k1:${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64')}`,
    OUTBOX_API_KEYS: `owner:admin:${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('base64url')}`,
  })
  const all = filesFor(answers)
  const kept = all.filter(({ path }) => existsSync(path))
  const made = all.filter(file => !kept.includes(file))
  for (const { path, text } of made) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
  }
  return {
    settings,
    files: made.map(({ path }) => path),
    kept: kept.map(({ path }) => path),
    drizzle: adaptDrizzleConfig('.'),
  }
}

function report({ out }: Context, { databaseUrl }: Answers, written: Written): void {
  const { settings, files, kept, drizzle } = written
  out.result(written, [
    ...(settings.length > 0 ? [`.env: added ${settings.join(', ')}`] : []),
    ...(drizzle?.added ? [`${drizzle.file}: added ${drizzle.added}`] : []),
    ...files.map(path => `wrote ${path}`),
    ...kept.map(path => `kept ${path}, which was there`),
  ])
  out.note(
    [
      'Keep .env out of git: it has your keys.',
      ...(databaseUrl === null ? ['next: set DATABASE_URL_UNPOOLED in .env'] : []),
      ...(drizzle?.byHand
        ? [`next: in ${drizzle.file}, so that drizzle-kit drops nothing: ${drizzle.byHand}`]
        : []),
      'next: outbox migrate, then run outbox/watch.sql with your own migrations, then outbox listener',
      'undo: delete what is listed above',
    ].join('\n'),
  )
}
