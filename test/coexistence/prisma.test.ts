// Prisma in a project whose database has the outbox beside its own tables: it proposes to change nothing of ours, and takes a
// migration that watches a table. Prisma 6, whose engine npm can install (prisma-engine.mjs); the engine of 7 is the same code.
import { copyFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { npmInstall } from '../package/tarball.ts'
import { freshDatabase } from '../support/database.ts'
import { temporaryDirectory } from '../support/server.ts'
import { init, type Project, slow, startProject } from './project.ts'

const cli = 'prisma/build/index.js'
const env = {
  // Never run, but without them Prisma would download them.
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_QUERY_ENGINE_LIBRARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
}

const config = `import { defineConfig } from 'prisma/config'
import { factory } from './prisma-engine.mjs'

export default defineConfig({
  experimental: { adapter: true },
  engine: 'js',
  adapter: async () => factory,
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
`
const schema = ({ columns = '', source = '' } = {}) => `generator client {
  provider = "prisma-client"
  output   = "../generated"
  engineType = "client"
}

datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
${source}}

model orders {
  id     Int    @id
  status String
${columns}}
`
const fromMigrations = [
  ...['--from-migrations', 'prisma/migrations'],
  ...['--to-schema-datamodel', 'prisma/schema.prisma'],
]
const firstMigration = 'CREATE TABLE "orders" ("id" INTEGER NOT NULL PRIMARY KEY, "status" TEXT NOT NULL);'

let packages: string
beforeAll(() => {
  packages = temporaryDirectory()
  npmInstall(packages, 'prisma@6.19.3', '@prisma/client@6.19.3', '@prisma/adapter-pg@6.19.3')
})

let project: Project
beforeEach(async () => {
  project = await startProject(
    {
      'package.json': '{ "type": "module", "devDependencies": { "prisma": "6.19.3" } }',
      'prisma.config.ts': config,
      'prisma/schema.prisma': schema(),
      'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
      'prisma/migrations/0_init/migration.sql': firstMigration,
    },
    env,
  )
  symlinkSync(join(packages, 'node_modules'), join(project.folder, 'node_modules'))
  copyFileSync(join(import.meta.dirname, 'prisma-engine.mjs'), join(project.folder, 'prisma-engine.mjs'))
})

const prisma = (...args: string[]) => project.run(cli, ...args)
const done = async (...args: string[]) => {
  const { exitCode, said } = await prisma(...args)
  expect(exitCode, said).toBe(0)
  return said
}

test(
  'with the migration that init writes, migrate dev, diff, reset and db pull see the project alone',
  slow,
  async () => {
    init(project)
    project.write({ 'prisma/migrations/1_watch/migration.sql': project.read('outbox/watch.sql') })
    await done('migrate', 'resolve', '--applied', '0_init')
    await done('migrate', 'deploy')

    project.write({ 'prisma/schema.prisma': schema({ columns: '  note   String?\n' }) })
    await done('migrate', 'dev', '--name', 'note', '--skip-generate')
    const made = readdirSync(join(project.folder, 'prisma/migrations')).find(name => name.endsWith('_note'))
    expect(project.read(`prisma/migrations/${made}/migration.sql`)).toBe(
      '-- AlterTable\nALTER TABLE "orders" ADD COLUMN     "note" TEXT;\n',
    )
    expect(await done('migrate', 'dev', '--skip-generate')).toContain('Already in sync')
    expect(await done('migrate', 'diff', '--exit-code', ...fromMigrations)).toContain(
      'No difference detected',
    )
    await project.expectOutboxIntact()

    await done('migrate', 'reset', '--force', '--skip-generate')
    await project.expectOutboxIntact()
    await project.client.query(`insert into orders values (1, 'new')`)
    expect((await project.client.query('select type from outbox.events')).rows).toEqual([
      { type: 'orders.created' },
    ])

    await done('db', 'pull')
    expect(project.read('prisma/schema.prisma').match(/^(model|enum|view) .*/gm)).toEqual(['model orders {'])
  },
)

test(
  'with it, migrate deploy fails where the outbox is missing, before anybody relies on it',
  slow,
  async () => {
    init(project)
    project.write({ 'prisma/migrations/1_watch/migration.sql': project.read('outbox/watch.sql') })
    const elsewhere = { DATABASE_URL: (await freshDatabase({ empty: true })).url }
    expect((await project.runWith(elsewhere, cli, 'migrate', 'deploy')).said).toContain(
      'schema "outbox" does not exist',
    )
  },
)

describe('without it', () => {
  test('a plain call in a migration fails on the shadow database', slow, async () => {
    project.write({ 'prisma/migrations/1_watch/migration.sql': `SELECT outbox.watch('orders');` })
    expect((await prisma('migrate', 'diff', ...fromMigrations)).said).toContain(
      'Migration `1_watch` failed to apply cleanly to the shadow database',
    )
  })

  test('a datasource that lists the schema outbox takes over its tables', slow, async () => {
    project.write({
      'prisma/schema.prisma': schema({
        source: '  schemas  = ["public", "outbox"]\n',
        columns: '  @@schema("public")\n',
      }),
    })
    await done('db', 'pull')
    expect(project.read('prisma/schema.prisma')).toMatch(/^model events \{/m)
  })
})
