// Before all tests: a Postgres of their own with migrated template databases, a Neon proxy in front of it, and the Worker's
// bundle.
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { unstable_readConfig } from 'wrangler'
import { writeAssets } from '../dev/console-assets.ts'
import { type Guard, startGuard } from '../dev/guard.ts'
import { migrate } from '../dev/migrate.ts'
import { startNeonProxy } from '../dev/neon-proxy.ts'
import { freePort } from '../dev/ports.ts'
import { startPostgres } from '../dev/postgres.ts'
import { writeSchemaVersion } from '../dev/schema-version.ts'
import { wrangler } from '../dev/services/functions.ts'
import { seed } from '../dev/shop/seed.ts'
import { atEnd, endAll } from './support/cleanup.ts'
import { withClient } from './support/client.ts'
import { refuseCrashes } from './support/crashes.ts'
import { copyDataDirectory } from './support/data-directory.ts'
import { makeRunDirectory } from './support/run-directory.ts'

/** The data is thrown away, so it need not survive a crash. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' }

/** Segments of the log that are not needed would be copied for each test's own server. */
const smallLog = { wal_recycle: 'off', wal_init_zero: 'off' }

const root = join(import.meta.dirname, '..')
const wranglerToml = join(root, 'wrangler.toml')

export default async function setup(project: TestProject) {
  const dir = makeRunDirectory()
  atEnd(() => rmSync(dir, { recursive: true }))
  const migrated = join(dir, 'migrated')
  const bundles = join(dir, 'bundles')
  try {
    writeAssets()
    const bundled = Promise.all([
      bundle(project, wranglerToml, join(bundles, 'functions')),
      bundle(project, join(root, 'test/support/workers/calls.toml'), join(bundles, 'calls')),
      bundle(project, join(root, 'test/support/workers/mounted.toml'), join(bundles, 'mounted')),
    ])
    const isOver = bundled.catch(() => {}) // whether it failed is asked below
    atEnd(() => isOver)
    writeSchemaVersion() // of the SQL as it stands: `npm run check` is what complains
    const guard = startGuard() // for the day the test run itself is killed
    await createMigrated(migrated, guard)
    const data = join(dir, 'postgres')
    copyDataDirectory(migrated, data)
    const postgres = await startPostgres({ dir: data, port: await freePort(), guard, settings })
    atEnd(() => postgres.stop())
    atEnd(() => refuseCrashes(postgres))
    await createSeeded(postgres.url)
    const proxy = await startNeonProxy({ port: 0 })
    atEnd(() => proxy.stop())
    await bundled
    project.provide('postgresUrl', postgres.url)
    project.provide('runDirectory', dir)
    project.provide('migratedDirectory', migrated)
    project.provide('proxyUrl', proxy.url)
    project.provide('bundles', bundles)
    project.provide('compatibility', compatibility())
  } catch (error) {
    await endAll() // or the run would hang after telling what is wrong
    throw error
  }
  return endAll
}

/** A data directory with the database `migrated` in it: what every server of the tests begins with. */
async function createMigrated(dir: string, guard: Guard) {
  const server = await startPostgres({
    dir,
    port: await freePort(),
    guard,
    settings: { ...settings, ...smallLog },
  })
  try {
    await withClient(server.url, admin => admin.query('create database migrated'))
    await migrate(server.url.replace(/postgres$/, 'migrated'), { example: true })
  } finally {
    await server.stop()
  }
}

const createSeeded = (url: string) =>
  withClient(url, async admin => {
    await admin.query('create database seeded template migrated')
    await seed(url.replace(/postgres$/, 'seeded'))
    // Nobody may be connected to what is being cloned, autovacuum included.
    await admin.query('alter database migrated allow_connections false')
    await admin.query('alter database seeded allow_connections false')
  })

/** As `npm run deploy` does it, and once: every test would bundle the same. */
const bundle = (project: TestProject, config: string, outdir: string) =>
  promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', config, '--outdir', outdir],
    { cwd: root, env: { ...process.env, ...project.config.env } },
  )

function compatibility() {
  const { compatibility_date, compatibility_flags } = unstable_readConfig({ config: wranglerToml })
  return { compatibilityDate: compatibility_date!, compatibilityFlags: compatibility_flags }
}

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    /** Removed at the end of the run. */
    runDirectory: string
    /** The data of a server that was stopped in good order, with the database `migrated` in it. */
    migratedDirectory: string
    proxyUrl: string
    /** A directory with the bundled Workers: `functions/index.js` is what `npm run deploy` would upload. */
    bundles: string
    /** As in wrangler.toml. */
    compatibility: { compatibilityDate: string; compatibilityFlags: string[] }
  }
}
