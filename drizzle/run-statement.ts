// One statement in a transaction of yours, whichever library began it. The library is recognized by its method that runs SQL,
// so that none of them is needed here.

/** Parameters are `$1`, `$2` … in the order of `values`. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | null)[]
}

/**
 * A connection or a transaction of: Drizzle, Prisma, Knex, Kysely, TypeORM, pg, Neon's driver or postgres.js. `never` = the
 * library's own type of a query, which we do without.
 */
export type Handle =
  | { $queryRawUnsafe(text: string, ...values: (string | null)[]): PromiseLike<unknown> }
  | { executeQuery(query: never): PromiseLike<unknown> }
  | { execute(query: never): PromiseLike<unknown> }
  | { raw(text: string, values: never): PromiseLike<unknown> }
  | { query(text: string, values: (string | null)[]): PromiseLike<unknown> }
  | { unsafe(text: string, values: never[]): PromiseLike<unknown> }

export type Row = Readonly<Record<string, unknown>>

export async function runStatement(handle: Handle, statement: Statement): Promise<Row[]> {
  const answer = await start(handle, statement)
  return Array.isArray(answer) ? answer : (answer as { rows: Row[] }).rows
}

function start(handle: Handle, { text, values }: Statement): PromiseLike<unknown> {
  const parameters = [...values]
  if ('$queryRawUnsafe' in handle) return handle.$queryRawUnsafe(text, ...parameters) // Prisma
  if ('executeQuery' in handle) return handle.executeQuery(forKysely(text, parameters) as never)
  if ('execute' in handle) return handle.execute(forDrizzle(text, parameters) as never)
  if ('raw' in handle) return handle.raw(text.replace(/\$\d+/g, '?'), parameters as never) // Knex
  if ('query' in handle) return handle.query(text, parameters) // pg, TypeORM, Neon
  if ('unsafe' in handle) return handle.unsafe(text, parameters as never[]) // postgres.js
  throw new TypeError(
    'Expected a connection or a transaction of Drizzle, Prisma, Knex, Kysely, TypeORM, pg, Neon or postgres.js.',
  )
}

/** What its CompiledQuery.raw() makes. */
const forKysely = (sql: string, parameters: (string | null)[]) => ({
  sql,
  parameters,
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: crypto.randomUUID() },
})

/** What its dialect asks of what sql`…` makes. */
const forDrizzle = (sql: string, params: (string | null)[]) => ({
  getSQL: () => ({ toQuery: () => ({ sql, params }) }),
})
