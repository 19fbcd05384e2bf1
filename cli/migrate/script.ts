// The migrations as SQL to read, or for a DBA to run with psql.
import { version } from '../../delivery/version.ts'
import { schemaVersion } from '../../drizzle/schema-version.gen.ts'
import { oldestPostgres } from '../../drizzle/schema-version.ts'
import type { Plan } from './apply.ts'
import { type FunctionFile, type Migration, readFunctionFiles, readMigrations } from './files.ts'
import { productIn, sqlFolder } from './product.ts'
import { oneAtATime, plainNames, ratherFail } from './transaction.ts'

const { journal, grant } = productIn(sqlFolder)

/** What `outbox migrate` would run in the database that the plan was made for. */
export function pendingScript({ migrations, functionFiles }: Plan): string {
  return script([
    ...migrations.map(({ name, sql }) => `-- migrations/${name}.sql\n${sql}\n${noteMigration(name)};`),
    ...functionFiles.map(file => `-- ${file.name}\n${file.sql}\n${noteFunctionFile(file)};`),
    ...(functionFiles.some(file => file.compilesWatches) ? ['SELECT outbox.recompile_watches();'] : []),
  ])
}

/** Brings any database to this version, an empty one too, and skips what is there. */
export function completeScript(): string {
  return script([
    refuseOthers,
    ...readMigrations(sqlFolder).map(migrationUnlessThere),
    ...readFunctionFiles(sqlFolder, sqlFolder).map(functionFileUnlessThere),
    block(
      `  IF current_setting('outbox.recompile', true) = 'yes' THEN\n    PERFORM outbox.recompile_watches();\n  END IF;`,
    ),
  ])
}

const script = (steps: readonly string[]) =>
  [
    `-- Outbox ${version}: brings the schema outbox to version ${schemaVersion}. Run it as the owner of the database, with`,
    '-- psql -X -v ON_ERROR_STOP=1 -f FILE. It is one transaction: when something fails, nothing was changed.',
    'BEGIN ISOLATION LEVEL READ COMMITTED;',
    ...[oneAtATime, ratherFail, plainNames].map(statement => `${statement};`),
    '',
    ...steps.map(step => `${step}\n`),
    `${grant};`,
    'COMMIT;',
    '',
  ].join('\n')

const block = (body: string) => `DO $outbox$ BEGIN\n${body}\nEND $outbox$;`

const refuseOthers = block(`  IF current_setting('server_version_num')::int < ${oldestPostgres}0000 THEN
    RAISE EXCEPTION 'Outbox needs Postgres ${oldestPostgres} or newer';
  END IF;
  IF to_regprocedure('outbox.schema_version()') IS NOT NULL THEN
    IF (SELECT version FROM outbox.schema_version()) > ${schemaVersion} THEN
      RAISE EXCEPTION 'the schema outbox is newer than version ${schemaVersion}, which this script brings it to';
    END IF;
  END IF;`)

/** The conditions are nested, because a table is looked up when its own statement runs. */
const migrationUnlessThere = ({ name, sql }: Migration) => `-- migrations/${name}.sql
${block(`  IF to_regclass('${journal}') IS NOT NULL THEN
    IF EXISTS (SELECT FROM ${journal} WHERE name = '${name}') THEN
      RETURN;
    END IF;
  END IF;
  EXECUTE ${quoted(sql)};
  ${noteMigration(name)};`)}`

const functionFileUnlessThere = (file: FunctionFile) => `-- ${file.name}
${block(`  IF NOT EXISTS (SELECT FROM outbox.function_files WHERE name = '${file.name}' AND sha256 = '${file.sha256}') THEN
  EXECUTE ${quoted(file.sql)};
  ${noteFunctionFile(file)};${
    file.compilesWatches ? `\n  PERFORM set_config('outbox.recompile', 'yes', true);` : ''
  }
  END IF;`)}`

function quoted(sql: string): string {
  const tag = '$migration$'
  if (sql.includes(tag)) throw new Error(`a file of SQL has ${tag} in it`)
  return `${tag}\n${sql}\n${tag}`
}

const noteMigration = (name: string) => `INSERT INTO ${journal} (name) VALUES ('${name}')`

const noteFunctionFile = ({ name, sha256 }: FunctionFile) =>
  `INSERT INTO outbox.function_files (name, sha256) VALUES ('${name}', '${sha256}') ` +
  'ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = clock_timestamp()'
