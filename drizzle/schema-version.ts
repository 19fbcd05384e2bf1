// The handshake: do this program and the schema of its database belong together? A schema may be newer than the program, as
// long as it says that it still works with it: upgrades bring the new schema first, and the old senders go on meanwhile.
import type { Run } from './run.ts'
import { functionHashes, schemaVersion } from './schema-version.gen.ts'

/** The features that we use are not in an older one. */
export const oldestPostgres = 16

/** What a database says of itself; null = there is nothing of the kind. */
export interface SchemaState {
  /** Such as 160004. */
  readonly postgres: number
  /** There is a schema outbox. */
  readonly installed: boolean
  /** null = the schema is older than version numbers. */
  readonly schema: NumberedSchema | null
}

export interface NumberedSchema {
  readonly version: number
  /** The oldest version of functions and listeners that works on it. */
  readonly worksWith: number
  /** How many of our function files are missing there, or have another content. */
  readonly differing: number
}

export async function readSchemaState(run: Run): Promise<SchemaState> {
  const [row] = await run(server, [])
  const [postgres, installed, numbered] = row as [number, boolean, boolean]
  return { postgres, installed, schema: numbered ? await readVersion(run) : null }
}

/** One statement. It fails where there is no schema, or one without a version. */
export async function readVersion(run: Run): Promise<NumberedSchema> {
  const [row] = await run(numberedSchema, [Object.keys(functionHashes), Object.values(functionHashes)])
  const [version, worksWith, differing] = row as [number, number, number]
  return { version, worksWith, differing }
}

// Not in queries/: what is generated from there needs a migrated database, and the migrator asks these first.
const server = {
  name: 'server',
  text: `select current_setting('server_version_num')::int, to_regnamespace('outbox') is not null,
    to_regprocedure('outbox.schema_version()') is not null`,
}
const numberedSchema = {
  name: 'schema_version',
  text: `select schema.version, schema.works_with, (
      select count(*)::int
      from unnest($1::text[], $2::text[]) as mine (name, hash)
      where not exists (
        select from outbox.function_files theirs
        where theirs.name = mine.name and left(theirs.sha256, length(mine.hash)) = mine.hash
      )
    )
    from outbox.schema_version() as schema`,
}

const remedy = 'run `outbox migrate`'

/** Why this program cannot work on it, and what to do, in one sentence; null = it can. */
export function schemaProblem({ postgres, installed, schema }: SchemaState): string | null {
  const major = Math.floor(postgres / 10_000)
  if (major < oldestPostgres)
    return `this is Postgres ${major}, and Outbox needs Postgres ${oldestPostgres} or newer`
  if (!installed) return `the schema outbox is not in this database: ${remedy}`
  if (schema === null)
    return `the schema outbox is older than this version, which needs ${schemaVersion}: ${remedy}`
  return versionProblem(schema)
}

export function versionProblem({ version, worksWith, differing }: NumberedSchema): string | null {
  if (version < schemaVersion)
    return `the schema outbox is at ${version}, and this needs ${schemaVersion}: ${remedy}`
  if (worksWith > schemaVersion)
    return `the schema outbox is at ${version}, which works with ${worksWith} and newer, and this is ${schemaVersion}: install a newer version of outbox`
  // Of a newer schema the functions are others, and that is fine.
  if (version === schemaVersion && differing > 0)
    return `the schema outbox is at ${version}, as it should be, but ${differing} of its function files are not those of this version: ${remedy}`
  return null
}
