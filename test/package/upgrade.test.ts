// A rolling upgrade between two packages: this one, and the next version, which is this one with a migration, a changed
// function and a version number more. The new schema comes first, and what is old goes on with it.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { schemaVersion } from '../../drizzle/schema-version.gen.ts'
import { atEnd } from '../support/cleanup.ts'
import { freshDatabase } from '../support/database.ts'
import { eventually } from '../support/eventually.ts'
import { addEndpoint, emit } from '../support/outbox.ts'
import { startReceiver } from '../support/receiver.ts'
import { testSettings } from '../support/settings.ts'
import { installPackage, withoutOuterNpm } from './tarball.ts'

const nextVersion = schemaVersion + 1

/** Makes the next version of the package in `folder` out of this one. It only adds, so it still knows the version before. */
function makeNext(folder: string) {
  const drizzle = join(folder, 'dist/drizzle')
  const edit = (file: string, change: (text: string) => string) =>
    writeFileSync(join(drizzle, file), change(readFileSync(join(drizzle, file), 'utf8')))
  edit('functions/schema_version.sql', text =>
    text.replace(/'SELECT .*'/, `'SELECT ${nextVersion}, ${schemaVersion}'`),
  )
  appendFileSync(join(drizzle, 'functions/wake.sql'), '-- as the next version has it\n')
  writeFileSync(
    join(drizzle, 'migrations/9999_note.sql'),
    `ALTER TABLE "outbox"."endpoints" ADD COLUMN "note" text DEFAULT '' NOT NULL;\n`,
  )
  edit('migrations/meta/_journal.json', text => {
    const journal = JSON.parse(text)
    const { idx, when } = journal.entries.at(-1)
    const entry = { idx: idx + 1, version: '7', when: when + 1, tag: '9999_note', breakpoints: true }
    return JSON.stringify({ ...journal, entries: [...journal.entries, entry] })
  })
  const hashOf = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(drizzle, file)))
      .digest('hex')
  edit('schema-version.gen.js', text =>
    text
      .replace(/schemaVersion = \d+/, `schemaVersion = ${nextVersion}`)
      .replace(
        /'(functions\/(?:wake|schema_version)\.sql)': '(\w+)'/g,
        (_, file, hash) => `'${file}': '${hashOf(file).slice(0, hash.length)}'`,
      ),
  )
}

test('the version before goes on with the new schema, and the new version waits for it and says so', async () => {
  const { folder } = await installPackage()
  const [before, next] = ['outbox', 'outbox-next'].map(name => join(folder, 'node_modules', name)) as [
    string,
    string,
  ]
  cpSync(before, next, { recursive: true })
  makeNext(next)
  const db = await freshDatabase({ empty: true })
  const env = { ...withoutOuterNpm(), ...testSettings, DATABASE_URL: db.url, DATABASE_URL_UNPOOLED: db.url }
  const main = (version: string) => join(version, 'dist/cli/main.js')
  const run = (version: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main(version), ...args], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    expect(status, stdout + stderr).toBe(0)
    return stdout
  }
  const startListener = async (version: string) => {
    const port = await freePort()
    const child = spawn(process.execPath, [main(version), 'listener'], {
      cwd: folder,
      env: { ...env, OUTBOX_HEALTH_PORT: String(port), OUTBOX_POLL_SECONDS: '0.1' },
      stdio: 'ignore',
    })
    const stop = endOf(child)
    atEnd(stop)
    const isReady = (answer: unknown) =>
      eventually(async () => expect(await readiness(port)).toEqual(answer), { timeoutMs: 30_000 })
    return { stop, isReady }
  }

  run(before, 'migrate')
  const client = await db.connect()
  const receiver = await startReceiver()
  await addEndpoint(client, { url: receiver.url })
  const old = await startListener(before)
  await old.isReady('200 ready')
  await emit(client)
  await receiver.waitFor(1)

  const waiting = await startListener(next)
  await waiting.isReady(
    expect.stringMatching(
      new RegExp(
        `^503 .*the schema outbox is at ${schemaVersion}, and this needs ${nextVersion}: run \`outbox migrate\``,
      ),
    ),
  )
  expect(run(next, 'migrate')).toContain(`the schema outbox went from ${schemaVersion} to ${nextVersion}`)
  await waiting.isReady('200 ready')
  await old.isReady('200 ready')
  expect(await waiting.stop()).toBe(0)

  // Only the old one is left, and it delivers; so does one that starts now.
  await emit(client)
  await receiver.waitFor(2)
  expect(await old.stop()).toBe(0)
  const restarted = await startListener(before)
  await restarted.isReady('200 ready')
  await emit(client)
  await receiver.waitFor(3)
  expect(await restarted.stop()).toBe(0)

  // The new one takes over.
  const replacing = await startListener(next)
  await replacing.isReady('200 ready')
  await emit(client)
  await receiver.waitFor(4)
})

/** Returns what ends it in an orderly way, and then its exit code. */
function endOf(child: ChildProcess) {
  const exited = once(child, 'exit')
  return async () => {
    child.kill('SIGTERM')
    const [code] = await exited
    return code as number
  }
}

async function readiness(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
  return `${answer.status} ${(await answer.text()).trim()}`
}
