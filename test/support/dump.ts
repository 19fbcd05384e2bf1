// A whole database as text: what an application has in it, to compare before and after.
import type pg from 'pg'
import { dumpSchema } from '../../dev/dump-schema.ts'

export async function dumpDatabase(client: pg.Client): Promise<string> {
  const schemas = await column(
    client,
    `select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1`,
  )
  const structure = await dumpSchema(client, schemas, { bodies: true })
  const data = []
  for (const schema of schemas) data.push(await dumpRows(client, schema))
  const comments = await column(
    client,
    `select concat_ws(' ', o.type, o.identity, d.description)
     from pg_description d cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) o
     where d.objoid >= 16384 order by 1`,
  )
  const settings = await column(
    client,
    `select setconfig::text from pg_db_role_setting
     where setdatabase = (select oid from pg_database where datname = current_database()) order by 1`,
  )
  return [structure, ...data, ...comments, ...settings].join('\n')
}

async function dumpRows(client: pg.Client, schema: string): Promise<string> {
  const tables = await column(
    client,
    `select format('%I.%I', nspname, relname) from pg_class c join pg_namespace n on n.oid = relnamespace
     where nspname = $1 and relkind = 'r' order by 1`,
    schema,
  )
  const lines = await column(
    client,
    `select concat_ws(' ', '-- sequence', sequencename, last_value) from pg_sequences where schemaname = $1 order by 1`,
    schema,
  )
  for (const table of tables) {
    lines.push(`-- ${table}`, ...(await column(client, `select to_json(t)::text from ${table} t order by 1`)))
  }
  return lines.join('\n')
}

async function column(client: pg.Client, query: string, ...values: string[]): Promise<string[]> {
  const { rows } = await client.query({ text: query, values, rowMode: 'array' })
  return rows.map(([value]) => value as string)
}
