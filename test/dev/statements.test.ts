// From a statement's header to a typed function: what is read, what Postgres contradicts, what is written.
import { beforeAll, describe, expect, test } from 'vitest'
import { isUnchanged } from '../../dev/generate.ts'
import { disagreements } from '../../dev/statements/agree.ts'
import { describe as describeStatement, type PostgresType, readTypes } from '../../dev/statements/describe.ts'
import { parseHeader } from '../../dev/statements/header.ts'
import { writeStatement } from '../../dev/statements/write.ts'
import type { Run } from '../../drizzle/run.ts'
import { runOn } from '../../worker/database.ts'
import { freshDatabase } from '../support/database.ts'

test('the generated statements are those of the SQL files', () => {
  expect(isUnchanged()).toBe(true)
})

describe('a header', () => {
  test('names parameters and columns, says what may be null and whose ids they are', () => {
    const header = parseHeader(
      [
        '-- What it is for,',
        '-- in two lines.',
        '--',
        '-- $1 tenant             text?  null = any',
        '-- $2 sent[].event_id    bigint as EventId',
        '--',
        '-- Returns one row or none: none where it is gone.',
        '-- -> labels  text[]?',
        'select $1, $2',
      ].join('\n'),
    )
    expect(header.about).toBe('What it is for,\nin two lines.')
    expect(header.cardinality).toBe('one row or none')
    expect(header.parameters).toMatchObject([
      { name: 'tenant', group: null, type: 'text', isNullable: true, brand: null, remark: 'null = any' },
      { name: 'event_id', group: { name: 'sent', isList: true }, type: 'bigint', brand: 'EventId' },
    ])
    expect(header.columns).toMatchObject([{ name: 'labels', isArray: true, isNullable: true }])
  })

  test.each([
    ['$2 name  text\n-- Returns nothing.', 'expected $1 next'],
    ['$1 name\n-- Returns nothing.', 'expected "name type'],
    ['$1 group.name  text\n-- Returns nothing.', 'belongs to a list'],
    ['$1 name  text', 'expected one line "Returns'],
    ['Returns rows.\n-- Returns nothing.', 'expected one line "Returns'],
  ])('is refused when it can not be understood: %j', (text, complaint) => {
    expect(() => parseHeader(`-- ${text}\nselect 1`)).toThrow(complaint)
  })
})

describe('Postgres', () => {
  let client: Awaited<ReturnType<Awaited<ReturnType<typeof freshDatabase>>['connect']>>
  let types: Map<string, PostgresType>
  beforeAll(async () => {
    client = await (await freshDatabase()).connect()
    types = await readTypes(client, ['text', 'int', 'bigint', 'numeric', 'outbox.ordering'])
  })

  const disagreementsOf = async (header: string, sql: string) =>
    disagreements(parseHeader(`-- ${header}\n`), await describeStatement(client, sql), types)

  test('agrees with a header that says what it says', async () => {
    const header = '$1 ids[].id  bigint\n-- $2 way  outbox.ordering\n-- Returns rows.\n-- -> id  bigint?'
    expect(
      await disagreementsOf(header, 'select unnest($1::bigint[]) as id where $2::outbox.ordering is null'),
    ).toEqual([])
  })

  test.each([
    [
      'a parameter of another type',
      '$1 id  int\n-- Returns rows.\n-- -> id  bigint',
      'select $1::bigint as id',
      '$1 id is bigint to Postgres',
    ],
    [
      'a list that is no array',
      '$1 ids[].id  bigint\n-- Returns rows.\n-- -> id  bigint',
      'select $1::bigint as id',
      '$1 id is bigint to Postgres',
    ],
    [
      'a parameter too few',
      'Returns rows.\n-- -> id  bigint',
      'select $1::bigint as id',
      'the header has 0 parameters, the statement 1',
    ],
    [
      'a column of another type',
      'Returns rows.\n-- -> id  int',
      'select 1::bigint as id',
      '-> id is bigint to Postgres',
    ],
    [
      'a column of another name',
      'Returns rows.\n-- -> id  int',
      'select 1 as number',
      'the header has the columns id, the statement number',
    ],
    [
      'a column too many',
      'Returns rows.\n-- -> id  int',
      'select 1 as id, 2 as more',
      'the header has the columns id, the statement id,more',
    ],
    [
      'rows where there should be none',
      'Returns nothing.',
      'select 1 as id',
      'the header has the columns , the statement id',
    ],
    [
      'a type that drivers read differently',
      'Returns rows.\n-- -> price  numeric',
      'select 1.5 as price',
      'price: numeric is no type that can be handed over',
    ],
    [
      'a type that does not exist',
      '$1 id  nonsense\n-- Returns nothing.',
      'select',
      'id: nonsense is no type that can be handed over',
    ],
  ])('contradicts %s', async (_, header, sql, complaint) => {
    expect(await disagreementsOf(header, sql)).toContain(complaint)
  })

  test('says when a statement can not be parsed, and is ready for the next one', async () => {
    await expect(describeStatement(client, 'select from nowhere_at_all')).rejects.toThrow(/nowhere_at_all/)
    expect((await describeStatement(client, 'select 1 as one')).columns).toHaveLength(1)
  })

  test('runs what was written: names in, names out, and the text unharmed', async () => {
    const text = [
      `-- Sorts \`ticks\`, \\backslashes and ${'$'}{braces}.`,
      '--',
      '-- $1 pairs[].id      bigint as string',
      '-- $2 pairs[].label   text?',
      '-- $3 since           timestamptz?',
      '--',
      '-- Returns meta, then rows.',
      '-- -> id           bigint',
      '-- -> label        text?',
      '-- -> meta.count   int',
      '-- -> meta.highest bigint?',
      `select null::bigint as id, null::text as label,`,
      `       json_build_object('count', cardinality($1::bigint[]), 'highest', 9007199254740993::text)::text as meta`,
      `union all`,
      `(select p.id, p.label || '\\d \`tick\` \${no}', null from unnest($1::bigint[], $2::text[]) as p (id, label)`,
      ` where $3::timestamptz is null order by p.id)`,
    ].join('\n')
    const header = parseHeader(text)
    const all = await readTypes(client, ['text', 'int', 'bigint', 'timestamptz'])
    expect(disagreements(header, await describeStatement(client, text), all)).toEqual([])
    const { sortPairs } = await compiled(
      writeStatement({ name: 'sort_pairs', text, header }, all),
      'sortPairs',
    )
    const pairs = [
      { id: '2', label: null },
      { id: '1', label: 'one' },
    ]
    expect(await sortPairs!(runOn(client), { pairs, since: null })).toEqual({
      meta: { count: 2, highest: 9007199254740993n },
      rows: [
        { id: 1n, label: `one\\d \`tick\` ${'$'}{no}` },
        { id: 2n, label: null },
      ],
    })
    expect(await sortPairs!(runOn(client), { pairs, since: new Date(0) })).toMatchObject({ rows: [] })
  })
})

type Statement = (run: Run, parameters: object) => Promise<unknown>

/** Node takes the types out, as it does when the program runs. */
async function compiled(source: string, name: string): Promise<Record<string, Statement>> {
  const { stripTypeScriptTypes } = await import('node:module')
  const text = stripTypeScriptTypes(source)
  expect(text).toContain(`function ${name}`)
  const arrays = new URL('../../drizzle/array-literals.ts', import.meta.url)
  const imports = `import { plainArray, textArray } from '${arrays}'\n`
  return import(`data:text/javascript,${encodeURIComponent(imports + text)}`)
}
