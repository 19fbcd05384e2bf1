// The example of each library runs against real Postgres, with the package as somebody gets it: one installation for all of
// them, and each with a database of its own.
import { execFile } from 'node:child_process'
import { copyFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../dev/migrate.ts'
import { codeBlocks, readPage, root } from '../docs/pages.ts'
import { npmInstall, packedTarball, withoutOuterNpm } from '../package/tarball.ts'
import { freshDatabase } from '../support/database.ts'
import { temporaryDirectory } from '../support/server.ts'

const names = readdirSync(join(root, 'examples'), { withFileTypes: true }).flatMap(entry =>
  entry.isDirectory() ? [entry.name] : [],
)
const manifestOf = (name: string) => JSON.parse(readPage(`examples/${name}/package.json`))

const run = promisify(execFile)
const env = {
  ...withoutOuterNpm(),
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, // never run: without it Prisma would download an engine
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
}

let folder: string
beforeAll(async () => {
  folder = temporaryDirectory()
  const tarball = await packedTarball()
  cpSync(join(root, 'examples'), folder, { recursive: true })
  for (const name of names) {
    const manifest = readFileSync(join(folder, name, 'package.json'), 'utf8')
    writeFileSync(join(folder, name, 'package.json'), manifest.replace(/file:[^"]+/, `file:${tarball}`))
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, workspaces: names }))
  npmInstall(folder, 'ws@8.21.0')
  copyFileSync(join(import.meta.dirname, 'local-neon.mjs'), join(folder, 'drizzle-neon/local-neon.mjs'))
  await run(process.execPath, [join(folder, 'node_modules/prisma/build/index.js'), 'generate'], {
    cwd: join(folder, 'prisma'),
    env,
  })
})

describe.each(names)('%s', name => {
  test('places an order with its event, and leaves none of the one that fails', async () => {
    const database = await freshDatabase({ empty: true })
    await migrate(database.url)
    const client = await database.connect()
    await client.query('create table orders (id int primary key, status text not null)')
    const preload = name === 'drizzle-neon' ? ['--import', './local-neon.mjs'] : []
    const { stdout } = await run(process.execPath, [...preload, 'order.ts'], {
      cwd: join(folder, name),
      env: { ...env, DATABASE_URL: database.url },
    })
    const order = { id: 1, status: 'new' }
    expect((await client.query('select id, status from orders')).rows).toEqual([order])
    const { rows: events } = await client.query(
      'select outbox.event_id(id, nonce) as id, type, key, data from outbox.events',
    )
    expect(events).toEqual([{ id: expect.any(String), type: 'order.placed', key: 'orders/1', data: order }])
    expect(stdout).toBe(`placed: ${events[0].id}\nrolled back: out of stock\n`)
  })

  test('names exact versions, and every package that it imports', () => {
    const { dependencies, devDependencies } = manifestOf(name)
    const { version } = JSON.parse(readPage('package.json'))
    const { outbox, ...others } = { ...dependencies, ...devDependencies }
    expect(outbox).toBe(`file:../../outbox-${version}.tgz`)
    for (const other of Object.values(others)) expect(other).toMatch(/^\d+\.\d+\.\d+$/)
    const imports = [
      ...readPage(`examples/${name}/order.ts`).matchAll(/ from '((?:@[^/']+\/)?[^./'][^/']*)/g),
    ]
    expect(Object.keys(dependencies)).toEqual(expect.arrayContaining(imports.map(([, it]) => it)))
  })
})

test('they compile, strictly, with the types of each library', async () => {
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023']
  const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
  const programs = names.map(name => `${name}/order.ts`)
  const tsc = [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...options,
    '--allowImportingTsExtensions',
    ...types,
  ]
  await run(process.execPath, [...tsc, ...programs], { cwd: folder }).catch(({ stdout }) =>
    expect.unreachable(stdout),
  )
})

test('the page that lists them has every one, and prints what they print', () => {
  const page = readPage('examples/README.md')
  const listed = [...page.matchAll(/^\| \[([\w-]+)\]\(\1\) \|/gm)].map(([, name]) => name)
  expect(listed.sort()).toEqual([...names].sort())
  expect(codeBlocks(page, 'text')[0]).toMatch(/^placed: evt_[0-9a-f]{24}\nrolled back: out of stock$/)
})
