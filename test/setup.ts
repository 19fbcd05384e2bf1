// Before all tests: a Postgres of their own with migrated template databases, a Neon proxy in front of it, and the Worker's
// bundle.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startGuard } from '../dev/guard.ts'
import { migrate } from '../dev/migrate.ts'
import { startNeonProxy } from '../dev/neon-proxy.ts'
import { freePort } from '../dev/ports.ts'
import { startPostgres } from '../dev/postgres.ts'
import { seed } from '../dev/seed.ts'
import { wrangler } from '../dev/services/functions.ts'

/** The data is thrown away, so it need not survive a crash. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' }

export default async function setup(project: TestProject) {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-test-'))
  const guard = startGuard() // for the day the test run itself is killed
  const postgres = await startPostgres({ dir, port: await freePort(), guard, settings, ephemeral: true })
  const proxy = await startNeonProxy({ port: 0 })
  const workerBundle = mkdtempSync(join(tmpdir(), 'outbox-bundle-'))
  const stop = async () => {
    await proxy.stop()
    await postgres.stop()
    rmSync(workerBundle, { recursive: true })
  }
  try {
    await Promise.all([createTemplates(postgres.url), bundleWorker(workerBundle)])
  } catch (error) {
    await stop() // or the run would hang after telling what is wrong
    throw error
  }
  project.provide('postgresUrl', postgres.url)
  project.provide('proxyUrl', proxy.url)
  project.provide('workerBundle', workerBundle)
  return stop
}

async function createTemplates(url: string) {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    await admin.query('create database migrated')
    await migrate(url.replace(/postgres$/, 'migrated'))
    await admin.query('create database seeded template migrated')
    await seed(url.replace(/postgres$/, 'seeded'))
    // Nobody may be connected to what is being cloned, autovacuum included.
    await admin.query('alter database migrated allow_connections false')
    await admin.query('alter database seeded allow_connections false')
  } finally {
    await admin.end()
  }
}

/** As `npm run deploy` does it, and once: every test would bundle the same. */
async function bundleWorker(dir: string) {
  const root = join(import.meta.dirname, '..')
  await promisify(execFile)(process.execPath, [wrangler, 'deploy', '--dry-run', '--outdir', dir], {
    cwd: root,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
  })
  const config = readFileSync(join(root, 'wrangler.toml'), 'utf8')
  const bundled = config.replace(/^main = .*/m, 'main = "index.js"\nno_bundle = true')
  writeFileSync(join(dir, 'wrangler.toml'), bundled)
}

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    proxyUrl: string
    /** A directory with a wrangler.toml and what `npm run deploy` would upload. */
    workerBundle: string
  }
}
