// Prints schemas of a database as sorted text: what drizzle/schema.sql is made of, and what tests compare. npm brings a
// Postgres server without pg_dump. Function bodies are left out unless asked for: they stand in drizzle/functions. So are
// partitions: they come and go, and are as their table is.
import type pg from 'pg'

interface Options {
  /** Also the bodies of functions. */
  bodies?: boolean
}

/** Each query takes the names of the schemas and returns rows with one column `line`, in order. */
const sections: Record<string, string> = {
  Schemas: `
    select format('create schema %I;', nspname) as line
    from pg_namespace where nspname = any ($1) order by 1`,

  Types: `
    select format('create type %s as enum (%s);', t.oid::regtype,
             (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid)) as line
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where n.nspname = any ($1) and t.typtype = 'e'
    union all
    select format('create domain %s as %s;', t.oid::regtype, format_type(t.typbasetype, t.typtypmod))
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where n.nspname = any ($1) and t.typtype = 'd'
    order by 1`,

  Tables: `
    select format(E'create table %I.%I (\n  %s\n)%s;\n', n.nspname, c.relname, concat_ws(E',\n  ',
      (select string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                case when a.attidentity <> '' then format('generated %s as identity',
                  case a.attidentity when 'a' then 'always' else 'by default' end) end,
                case when a.attgenerated <> '' then format('generated always as (%s)', pg_get_expr(d.adbin, d.adrelid))
                     when d.oid is not null then 'default ' || pg_get_expr(d.adbin, d.adrelid) end,
                case when a.attnotnull then 'not null' end), E',\n  ' order by a.attnum)
       from pg_attribute a
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      (select string_agg(format('constraint %I %s', conname, pg_get_constraintdef(oid)), E',\n  ' order by conname)
       from pg_constraint where conrelid = c.oid and contype <> 'n')),
      ' partition by ' || pg_get_partkeydef(c.oid)) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1) and c.relkind in ('r', 'p') and not c.relispartition
    order by n.nspname, c.relname`,

  Sequences: `
    select format('create sequence %I.%I as %s start %s increment %s cache %s%s;', n.nspname, c.relname,
             s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqcache, case when s.seqcycle then ' cycle' end) as line
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1)
    order by 1`,

  Indexes: `
    select pg_get_indexdef(i.indexrelid) || ';' as line
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1) and not c.relispartition and not exists (select from pg_constraint where conindid = i.indexrelid and contype in ('p', 'u', 'x'))
    order by 1`,

  Views: `
    select format(E'create view %I.%I as\n%s', n.nspname, c.relname, pg_get_viewdef(c.oid)) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1) and c.relkind in ('v', 'm')
    order by 1`,

  'Functions (in drizzle/functions)': `
    select format('-- %I.%I(%s)%s%s%s', n.nspname, p.proname, pg_get_function_arguments(p.oid),
             ' returns ' || pg_get_function_result(p.oid),
             case p.provolatile when 'i' then ' immutable' when 's' then ' stable' end,
             case when p.prosecdef then ' security definer' end) as line
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = any ($1)
    order by 1`,

  Triggers: `
    select pg_get_triggerdef(t.oid) || case when t.tgenabled = 'O' then ';' else '; -- enabled: ' || t.tgenabled::text end as line
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any ($1) and not t.tgisinternal
    order by 1`,

  Grants: `
    with acl (object, privileges, owner) as (
      select 'schema ' || nspname, coalesce(nspacl, acldefault('n', nspowner)), nspowner
      from pg_namespace where nspname = any ($1)
      union all
      select format('%s %I.%I', case relkind when 'S' then 'sequence' else 'table' end, nspname, relname),
             coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)), relowner
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where nspname = any ($1) and relkind in ('r', 'p', 'v', 'm', 'S')
      union all
      select format('column %I.%I.%I', nspname, relname, attname), attacl, relowner
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where nspname = any ($1) and attacl is not null
      union all
      select 'function ' || p.oid::regprocedure, coalesce(proacl, acldefault('f', proowner)), proowner
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where nspname = any ($1)
    )
    select format('grant %s on %s to %s;', string_agg(lower(privilege_type), ', ' order by privilege_type), object,
             case grantee when 0 then 'public' else grantee::regrole::text end) as line
    from acl cross join lateral aclexplode(privileges)
    where grantee <> owner
    group by object, grantee
    order by object, 1`,
}

const bodies = `
  select pg_get_functiondef(p.oid) as line
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where n.nspname = any ($1) and p.prokind in ('f', 'p')
  order by p.oid::regprocedure::text`

export async function dumpSchema(
  client: pg.Client,
  schemas: string[],
  options: Options = {},
): Promise<string> {
  const wanted = { ...sections, ...(options.bodies ? { 'Function bodies': bodies } : {}) }
  let text = ''
  for (const [title, query] of Object.entries(wanted)) {
    const lines = await linesOf(client, query, schemas)
    if (lines.length > 0) text += `\n-- ${title}\n\n${lines.join('\n').trimEnd()}\n`
  }
  return text.trimStart()
}

async function linesOf(client: pg.Client, query: string, schemas: string[]): Promise<string[]> {
  const { rows } = await client.query(query, [schemas])
  return rows.map(row => row.line as string)
}
