// Before all tests: a Postgres of their own with migrated template databases, a Neon proxy in front of it, and the Worker's
// bundle.
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { unstable_readConfig } from 'wrangler'
import { startGuard } from '../dev/guard.ts'
import { migrate } from '../dev/migrate.ts'
import { startNeonProxy } from '../dev/neon-proxy.ts'
import { freePort } from '../dev/ports.ts'
import { startPostgres } from '../dev/postgres.ts'
import { seed } from '../dev/seed.ts'
import { wrangler } from '../dev/services/functions.ts'
import { copyDataDirectory } from './support/data-directory.ts'

/** The data is thrown away, so it need not survive a crash. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' }

/** Segments of the log that are not needed would be copied for each test's own server. */
const smallLog = { wal_recycle: 'off', wal_init_zero: 'off' }

const root = join(import.meta.dirname, '..')
const wranglerToml = join(root, 'wrangler.toml')

export default async function setup(project: TestProject) {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-test-'))
  chmodSync(dir, 0o755) // the server's user walks through it
  const stops = [() => rmSync(dir, { recursive: true })]
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    const bundled = Promise.all([
      bundle(wranglerToml, join(dir, 'functions')),
      bundle(join(root, 'test/support/workers/calls.toml'), join(dir, 'calls')),
    ])
    bundled.catch(() => {}) // it is awaited below
    const guard = startGuard() // for the day the test run itself is killed
    const server = { dir: join(dir, 'postgres'), port: await freePort(), guard, settings }
    // As it is before any test: what a test's own server begins with.
    const first = await startPostgres({ ...server, settings: { ...settings, ...smallLog } })
    await createMigrated(first.url)
    await first.stop()
    copyDataDirectory(server.dir, join(dir, 'migrated'))
    const postgres = await startPostgres(server)
    stops.push(() => postgres.stop())
    await createSeeded(postgres.url)
    const proxy = await startNeonProxy({ port: 0 })
    stops.push(() => proxy.stop())
    await bundled
    project.provide('postgresUrl', postgres.url)
    project.provide('migratedDirectory', join(dir, 'migrated'))
    project.provide('proxyUrl', proxy.url)
    project.provide('bundles', dir)
    project.provide('compatibility', compatibility())
  } catch (error) {
    await stop() // or the run would hang after telling what is wrong
    throw error
  }
  return stop
}

const createMigrated = (url: string) =>
  asAdmin(url, async admin => {
    await admin.query('create database migrated')
    await migrate(url.replace(/postgres$/, 'migrated'))
  })

const createSeeded = (url: string) =>
  asAdmin(url, async admin => {
    await admin.query('create database seeded template migrated')
    await seed(url.replace(/postgres$/, 'seeded'))
    // Nobody may be connected to what is being cloned, autovacuum included.
    await admin.query('alter database migrated allow_connections false')
    await admin.query('alter database seeded allow_connections false')
  })

async function asAdmin(url: string, use: (admin: pg.Client) => Promise<void>) {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    await use(admin)
  } finally {
    await admin.end()
  }
}

/** As `npm run deploy` does it, and once: every test would bundle the same. */
function bundle(config: string, outdir: string) {
  return promisify(execFile)(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--config', config, '--outdir', outdir],
    {
      cwd: root,
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
    },
  )
}

function compatibility() {
  const { compatibility_date, compatibility_flags } = unstable_readConfig({ config: wranglerToml })
  return { compatibilityDate: compatibility_date!, compatibilityFlags: compatibility_flags }
}

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    /** The data of a server that was stopped in good order, with the database `migrated` in it. */
    migratedDirectory: string
    proxyUrl: string
    /** A directory with the bundled Workers: `functions/index.js` is what `npm run deploy` would upload. */
    bundles: string
    /** As in wrangler.toml. */
    compatibility: { compatibilityDate: string; compatibilityFlags: string[] }
  }
}
