// drizzle-kit in a project whose database has the outbox beside its own tables: it proposes to change nothing of ours.
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { root } from '../docs/pages.ts'
import { init, type Project, slow, startProject } from './project.ts'

const kit = 'drizzle-kit/bin.cjs'
const schema = (columns = '') => `import { integer, pgTable, text } from 'drizzle-orm/pg-core'
export const orders = pgTable('orders', { id: integer().primaryKey(), status: text().notNull()${columns} })
`
const config = (more = '') => `import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './schema.ts',
  out: './migrations',
  dbCredentials: { url: process.env.DATABASE_URL! },${more}
})
`

let project: Project
beforeEach(async () => {
  project = await startProject({
    'package.json': '{ "type": "module", "devDependencies": { "drizzle-kit": "0.31.11" } }',
    'schema.ts': schema(),
    'drizzle.config.ts': config(),
  })
  symlinkSync(join(root, 'node_modules'), join(project.folder, 'node_modules'))
})

const generated = () =>
  readdirSync(join(project.folder, 'migrations'))
    .filter(name => /\.(sql|ts)$/.test(name))
    .map(name => project.read(`migrations/${name}`))
    .join('\n')

describe('with what init writes into its configuration', () => {
  beforeEach(() => {
    expect(init(project)).toContain('drizzle.config.ts: added schemaFilter')
    expect(project.read('drizzle.config.ts')).toContain(`schemaFilter: ['public'],\n  dialect:`)
  })

  test('push has no changes, and makes only the changes of the project', slow, async () => {
    expect((await project.run(kit, 'push', '--strict', '--verbose')).said).toContain('No changes detected')
    project.write({ 'schema.ts': schema(', note: text()') })
    const { said } = await project.run(kit, 'push', '--force', '--verbose')
    expect(said.match(/^(ALTER|CREATE|DROP) .*/gm)).toEqual(['ALTER TABLE "orders" ADD COLUMN "note" text;'])
    await project.client.query('select note from orders')
    await project.expectOutboxIntact()
  })

  test('generate writes the tables of the project, and then nothing', slow, async () => {
    await project.run(kit, 'generate')
    expect(generated().match(/CREATE .*/g)).toEqual(['CREATE TABLE "orders" ('])
    expect((await project.run(kit, 'generate')).said).toContain('No schema changes, nothing to migrate')
    await project.expectOutboxIntact()
  })

  test('pull sees the tables of the project', slow, async () => {
    await project.run(kit, 'pull')
    expect(generated()).toContain(`export const orders = pgTable("orders"`)
    expect(generated()).not.toMatch(/outbox/i)
    await project.expectOutboxIntact()
  })
})

describe('without it', () => {
  test(
    'push looks at the schema too, and gives up at its partitions before it drops anything',
    slow,
    async () => {
      project.write({ 'drizzle.config.ts': config(`\n  schemaFilter: ['public', 'outbox'],`) })
      const { said } = await project.run(kit, 'push', '--strict', '--verbose')
      expect(said).toContain('outbox.events_0_0')
      await project.expectOutboxIntact()
    },
  )
})

test(
  'a project that manages roles is told which ones to leave out, and then push has no changes',
  slow,
  async () => {
    project.write({ 'drizzle.config.ts': config('\n  entities: { roles: true },') })
    const { said } = await project.run(kit, 'push', '--strict', '--verbose')
    expect(said).toContain('DROP ROLE "outbox_listener";')
    const [exclude] = /exclude: \[.*\]/.exec(init(project)) ?? []
    project.write({ 'drizzle.config.ts': config(`\n  entities: { roles: { ${exclude} } },`) })
    expect((await project.run(kit, 'push', '--strict', '--verbose')).said).toContain('No changes detected')
    await project.expectOutboxIntact()
  },
)
