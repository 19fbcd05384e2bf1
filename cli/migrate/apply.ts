// Brings one folder's SQL into the database, inside the caller's transaction: first looks what is pending, then applies it.
import { relative } from 'node:path'
import type pg from 'pg'
import { type FunctionFile, type Migration, readFunctionFiles, readMigrations } from './files.ts'

export interface Source {
  /** drizzle/, which the names of function files are relative to. */
  root: string
  /** Where `migrations/` and `functions/` lie. */
  folder: string
  /** The table that remembers which migrations were applied. The first migration creates it. */
  journal: string
  /** Called every time, because roles may have been created by hand since. */
  grant: string
}

export interface Plan {
  migrations: Migration[]
  /** Function files that this database lacks, or has with another content. */
  functionFiles: FunctionFile[]
  /** Names of the function files that it has. */
  known: ReadonlySet<string>
}

export interface Applied {
  /** Migrations, such as `migrations/0000_tables.sql`. */
  migrations: string[]
  /** Function files that this database did not have. */
  created: string[]
  /** Function files whose content has changed. */
  replaced: string[]
  /** Watched tables whose functions and triggers were generated anew. */
  recompiled: string[]
  /** Watched tables of another owner, which kept theirs. */
  keptOld: string[]
}

export async function planFor(client: pg.Client, { root, folder, journal }: Source): Promise<Plan> {
  const known = await knownHashes(client)
  return {
    migrations: await pendingMigrations(client, folder, journal),
    functionFiles: readFunctionFiles(root, folder).filter(({ name, sha256 }) => known.get(name) !== sha256),
    known: new Set(known.keys()),
  }
}

export async function apply(client: pg.Client, source: Source): Promise<Applied> {
  const { migrations, functionFiles, known } = await planFor(client, source)
  const { root, journal, grant } = source
  for (const { name, path, sql } of migrations) {
    await step(path, sql, () => client.query(sql))
    await client.query(`insert into ${journal} (name) values ($1)`, [name])
  }
  for (const file of functionFiles) await applyFunctionFile(client, file)
  const mustRecompile = functionFiles.some(file => file.compilesWatches)
  const watches = mustRecompile ? await recompileWatches(client) : []
  await step(grant, grant, () => client.query(grant))
  return {
    migrations: migrations.map(({ path }) => relative(root, path)),
    created: functionFiles.filter(({ name }) => !known.has(name)).map(({ name }) => name),
    replaced: functionFiles.filter(({ name }) => known.has(name)).map(({ name }) => name),
    recompiled: watches.filter(watch => watch.recompiled).map(watch => watch.relation),
    keptOld: watches.filter(watch => !watch.recompiled).map(watch => watch.relation),
  }
}

async function pendingMigrations(client: pg.Client, folder: string, journal: string): Promise<Migration[]> {
  const all = readMigrations(folder)
  if (!(await exists(client, journal))) return all
  const read = `select name from ${journal}`
  const done = new Set((await step(read, read, () => client.query(read))).rows.map(row => row.name))
  return all.filter(({ name }) => !done.has(name))
}

async function knownHashes(client: pg.Client): Promise<Map<string, string>> {
  if (!(await exists(client, 'outbox.function_files'))) return new Map()
  const { rows } = await client.query('select name, sha256 from outbox.function_files')
  return new Map(rows.map(row => [row.name, row.sha256]))
}

async function exists(client: pg.Client, relation: string): Promise<boolean> {
  const { rows } = await client.query('select to_regclass($1) is not null as exists', [relation])
  return rows[0].exists
}

async function applyFunctionFile(client: pg.Client, { name, path, sql, sha256 }: FunctionFile) {
  await step(path, sql, () => client.query(sql))
  await client.query(
    `insert into outbox.function_files (name, sha256) values ($1, $2)
     on conflict (name) do update set sha256 = excluded.sha256, applied_at = clock_timestamp()`,
    [name, sha256],
  )
}

async function recompileWatches(client: pg.Client): Promise<{ relation: string; recompiled: boolean }[]> {
  const recompile = 'select relation::text, recompiled from outbox.recompile_watches()'
  return (await step(recompile, recompile, () => client.query(recompile))).rows
}

/** An error of Postgres alone does not say which of a hundred files it means. */
async function step<T>(name: string, sql: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { message, position } = error as pg.DatabaseError
    const place = position ? `${name}:${sql.slice(0, Number(position)).split('\n').length}` : name
    throw new Error(`${place}: ${message}. Nothing was changed.`, { cause: error })
  }
}
