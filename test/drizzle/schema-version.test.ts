// The handshake's rule: which schema a program of this version works on, and the sentence when it does not.
import { describe, expect, test } from 'vitest'
import { schemaVersion } from '../../drizzle/schema-version.gen.ts'
import {
  type NumberedSchema,
  readSchemaState,
  schemaProblem,
  versionProblem,
} from '../../drizzle/schema-version.ts'
import { runOn } from '../../worker/database.ts'
import { freshDatabase } from '../support/database.ts'

const own: NumberedSchema = { version: schemaVersion, worksWith: schemaVersion, differing: 0 }

describe('a program', () => {
  test.each<[string, Partial<NumberedSchema>, string | null]>([
    ['works on its own schema', {}, null],
    ['works on a newer schema that still knows it', { version: schemaVersion + 1, differing: 9 }, null],
    [
      'does not work on an older schema',
      { version: schemaVersion - 1 },
      `the schema outbox is at ${schemaVersion - 1}, and this needs ${schemaVersion}: run \`outbox migrate\``,
    ],
    [
      'does not work on a newer schema that has left it behind',
      { version: schemaVersion + 2, worksWith: schemaVersion + 1 },
      'install a newer version of outbox',
    ],
    [
      'does not work where functions of its version have another content',
      { differing: 3 },
      '3 of its function files are not those of this version: run `outbox migrate`',
    ],
  ])('%s', (_, found, problem) => {
    const said = versionProblem({ ...own, ...found })
    if (problem === null) expect(said).toBeNull()
    else expect(said).toContain(problem)
  })

  test('names a Postgres that is too old before anything else', () => {
    expect(schemaProblem({ postgres: 150_008, installed: false, schema: null })).toBe(
      'this is Postgres 15, and Outbox needs Postgres 16 or newer',
    )
    expect(schemaProblem({ postgres: 160_000, installed: true, schema: own })).toBeNull()
  })
})

test('a migrated database is what this version needs, and an empty one is not', async () => {
  const read = async (empty: boolean) =>
    readSchemaState(runOn(await (await freshDatabase({ empty })).connect()))
  expect(schemaProblem(await read(false))).toBeNull()
  expect(schemaProblem(await read(true))).toBe(
    'the schema outbox is not in this database: run `outbox migrate`',
  )
})

test('a schema from before the version numbers is older', async () => {
  const client = await (await freshDatabase()).connect()
  await client.query('drop function outbox.schema_version()')
  expect(schemaProblem(await readSchemaState(runOn(client)))).toContain('is older than this version')
})
