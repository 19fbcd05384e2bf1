// Before all tests: a Postgres of their own with migrated template databases, and a Neon proxy in front of it.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startGuard } from '../dev/guard.ts'
import { migrate } from '../dev/migrate.ts'
import { startNeonProxy } from '../dev/neon-proxy.ts'
import { freePort } from '../dev/ports.ts'
import { startPostgres } from '../dev/postgres.ts'
import { seed } from '../dev/seed.ts'

/** The data is thrown away, so it need not survive a crash. */
const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' }

export default async function setup(project: TestProject) {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-test-'))
  const guard = startGuard() // for the day the test run itself is killed
  const postgres = await startPostgres({ dir, port: await freePort(), guard, settings, ephemeral: true })
  const proxy = await startNeonProxy({ port: 0 })
  const stop = async () => {
    await proxy.stop()
    await postgres.stop()
  }
  try {
    await createTemplates(postgres.url)
  } catch (error) {
    await stop() // or the run would hang after telling what is wrong
    throw error
  }
  project.provide('postgresUrl', postgres.url)
  project.provide('proxyUrl', proxy.url)
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

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
    proxyUrl: string
  }
}
