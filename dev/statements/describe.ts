// What Postgres itself says of a statement: the types of its parameters, the names and types of its columns.
import type pg from 'pg'

/** Types as the numbers of their rows in pg_type. */
export interface Description {
  readonly parameters: readonly number[]
  readonly columns: readonly { readonly name: string; readonly type: number }[]
}

export interface PostgresType {
  readonly oid: number
  readonly arrayOid: number
  /** An enum's; empty for every other type. */
  readonly labels: readonly string[]
}

/** Parses the statement without running it, as every driver does before the first run. */
export function describe(client: pg.Client, text: string): Promise<Description> {
  const connection = (client as unknown as { connection: Connection }).connection
  return new Promise((resolve, reject) => {
    let parameters: number[] = []
    let columns: Description['columns'] = []
    const onParameters = (message: { dataTypeIDs: number[] }) => (parameters = message.dataTypeIDs)
    connection.once('parameterDescription', onParameters)
    client.query({
      submit() {
        connection.parse({ name: '', text, types: [] })
        connection.describe({ type: 'S', name: '' })
        connection.sync()
      },
      handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }) {
        columns = fields.map(field => ({ name: field.name, type: field.dataTypeID }))
      },
      handleError: reject,
      handleReadyForQuery() {
        connection.off('parameterDescription', onParameters)
        resolve({ parameters, columns })
      },
    } as unknown as pg.Submittable)
  })
}

/** Types by the names that headers call them. */
export async function readTypes(
  client: pg.Client,
  names: readonly string[],
): Promise<Map<string, PostgresType>> {
  const { rows } = await client.query(
    `select name, t.oid, t.typarray as "arrayOid",
            array(select enumlabel::text from pg_enum where enumtypid = t.oid order by enumsortorder) as labels
     from unnest($1::text[]) as name
     join pg_type t on t.oid = to_regtype(name)`,
    [names],
  )
  return new Map(rows.map(({ name, ...type }) => [name, type]))
}

/** The part of pg's connection that speaks Postgres' extended protocol. */
interface Connection extends NodeJS.EventEmitter {
  parse(query: { name: string; text: string; types: number[] }): void
  describe(what: { type: 'S'; name: string }): void
  sync(): void
}
