// Somebody's project in a directory of its own, with its own migration tool. Its database has the outbox beside `orders`.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type pg from 'pg'
import { expect } from 'vitest'
import { dumpSchema } from '../../dev/dump-schema.ts'
import { migrate } from '../../dev/migrate.ts'
import { outbox } from '../cli/command.ts'
import { withoutOuterNpm } from '../package/tarball.ts'
import { freshDatabase } from '../support/database.ts'
import { temporaryDirectory } from '../support/server.ts'

/** A tool takes a second or two to start, and ten on a busy machine. */
export const slow = { timeout: 180_000 }

export interface Project {
  readonly folder: string
  readonly url: string
  readonly client: pg.Client
  read(file: string): string
  write(files: Readonly<Record<string, string>>): void
  /** Runs a tool of the project, a JavaScript file under node_modules. Nobody answers its questions. */
  run(tool: string, ...args: string[]): Promise<Ran>
  runWith(env: Readonly<Record<string, string>>, tool: string, ...args: string[]): Promise<Ran>
  /** Fails unless the schema outbox is as it was, and `orders` is watched. */
  expectOutboxIntact(): Promise<void>
}

export interface Ran {
  readonly exitCode: number | null
  /** Both streams, as a person would see them. */
  readonly said: string
}

export async function startProject(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Project> {
  const folder = temporaryDirectory()
  const { url, client } = await databaseWithOutbox()
  const before = await dumpSchema(client, ['outbox'])
  const project: Project = {
    folder,
    url,
    client,
    read: file => readFileSync(join(folder, file), 'utf8'),
    write(more) {
      for (const [path, content] of Object.entries(more)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), content)
      }
    },
    run: (tool, ...args) => project.runWith({}, tool, ...args),
    runWith: (more, tool, ...args) => runTool(folder, { ...env, DATABASE_URL: url, ...more }, tool, args),
    async expectOutboxIntact() {
      expect(await dumpSchema(client, ['outbox'])).toBe(before)
      const { rows } = await client.query('select relation::text from outbox.watches')
      expect(rows).toEqual([{ relation: 'orders' }])
    },
  }
  project.write(files)
  return project
}

async function databaseWithOutbox() {
  const database = await freshDatabase({ empty: true })
  await migrate(database.url)
  const client = await database.connect()
  await client.query(`create table orders (id int primary key, status text not null)`)
  await client.query(`select outbox.watch('orders')`)
  return { url: database.url, client }
}

/** What `outbox init --yes` writes into it. Returns what it said. */
export function init({ folder, url }: Project): string {
  const { exitCode, stdout, stderr } = outbox(['init', '--yes', '--watch', 'orders', '--database-url', url], {
    cwd: folder,
  })
  expect(exitCode, stderr).toBe(0)
  return stdout + stderr
}

async function runTool(
  folder: string,
  env: Readonly<Record<string, string>>,
  tool: string,
  args: readonly string[],
): Promise<Ran> {
  const child = spawn(process.execPath, [join(folder, 'node_modules', tool), ...args], {
    cwd: folder,
    env: { ...withoutOuterNpm(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | null>(resolve => child.once('close', resolve))
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { exitCode: await exited, said: out + errors }
}
