// What `outbox init` asks on a terminal.
import { isCancel, multiselect, select, text } from '@clack/prompts'
import { withConnection } from '../connection.ts'
import { CommandError, exitCodes } from '../exit.ts'
import { type Answers, frameworkNames, frameworks } from './plan.ts'

/** Standard output has the result alone. */
const output = process.stderr

/** What is open: the rest was given as options. */
export interface Open {
  readonly framework: boolean
  readonly tables: boolean
}

export async function ask(known: Answers, open: Open): Promise<Answers> {
  const framework = open.framework ? await askForFramework(known) : known.framework
  const databaseUrl = known.databaseUrl ?? (await askForDatabase())
  const tables = open.tables && databaseUrl !== null ? await askForTables(databaseUrl) : known.tables
  return { ...known, framework, databaseUrl, tables }
}

const askForFramework = ({ framework }: Answers) =>
  answer(
    select({
      output,
      message: 'What should run?',
      initialValue: framework,
      options: frameworks.map(value => ({ value, label: frameworkNames[value] })),
    }),
  )

async function askForDatabase(): Promise<string | null> {
  const given = await answer(
    text({
      output,
      message: 'The direct connection string of the database? (Enter: later, in .env)',
      placeholder: 'postgresql://user:password@host/database',
      validate: value => (value && !isPostgres(value) ? 'expected postgresql://…' : undefined),
    }),
  )
  return given?.trim() || null
}

const isPostgres = (value: string) => URL.canParse(value) && /^postgres(ql)?:$/.test(new URL(value).protocol)

async function askForTables(databaseUrl: string): Promise<string[]> {
  const tables = await withConnection({ DATABASE_URL_UNPOOLED: databaseUrl }, async ({ client }) => {
    const { rows } = await client.query(
      `select c.oid::regclass::text as name from pg_class c
       where c.relkind = 'r' and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$|outbox$|drizzle$)'
       order by 1 limit 100`,
    )
    return rows.map(row => row.name as string)
  })
  if (tables.length === 0) return []
  return answer(
    multiselect({
      output,
      message: 'Which tables should make events?',
      required: false,
      options: tables.map(value => ({ value, label: value })),
    }),
  )
}

async function answer<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const given = await question
  if (isCancel(given)) throw new CommandError(exitCodes.interrupted, 'Nothing was written.')
  return given as Exclude<T, symbol>
}
