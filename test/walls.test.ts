// The walls between the folders: they hold, and each guard (our own, the compiler, the linter) sees a breach.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findImportCircles } from '../dev/import-circles.ts'
import { sourcesIn } from '../dev/imports.ts'
import { breachesOf, findBreaches, walledFolders } from '../dev/walls.ts'

const root = join(import.meta.dirname, '..')

test('no file imports anything beyond its wall', () => {
  expect(findBreaches(root)).toEqual([])
})

test('no import circle, types included', () => {
  const sources = walledFolders.flatMap(folder => sourcesIn(root, folder))
  expect(sources.length).toBeGreaterThan(100)
  expect(findImportCircles(sources)).toEqual([])
})

test('a circle is found from wherever it begins, and told once', () => {
  const sources = [
    { file: 'functions/a.ts', text: `import { b } from './x/b.ts'` },
    { file: 'functions/x/b.ts', text: `import type { C } from '../c.ts'` },
    { file: 'functions/c.ts', text: `export * from './a.ts'\nimport { d } from './d.ts'` },
    { file: 'functions/d.ts', text: `import { z } from 'zod'` },
  ]
  const circle = 'functions/a.ts → functions/x/b.ts → functions/c.ts → functions/a.ts'
  expect(findImportCircles(sources)).toEqual([circle])
  expect(findImportCircles(sources.slice(1))).toEqual([])
})

test.each([
  ['delivery/retry.ts', `import pg from 'pg'`, 'pg'],
  ['delivery/retry.ts', `import type { Pool } from "pg"`, 'pg'],
  ['delivery/retry.ts', `import 'node:net'`, 'node:net'],
  [
    'delivery/retry.ts',
    `import {\n  one,\n  type Two as Three,\n} from '../drizzle/store.ts'`,
    '../drizzle/store.ts',
  ],
  ['delivery/retry.ts', `export * from '../worker/lanes/lanes.ts'`, '../worker/lanes/lanes.ts'],
  ['delivery/retry.ts', `export { DurableObject } from 'cloudflare:workers'`, 'cloudflare:workers'],
  ['delivery/retry.ts', `type Pool = import('pg').Pool`, 'pg'],
  ['delivery/retry.ts', `const fs = await import(name)`, 'name'],
  ['delivery/retry.ts', `/// <reference types="node" />`, 'node'],
  ['drizzle/store.ts', `import { deliver } from '../delivery/deliver.ts'`, '../delivery/deliver.ts'],
  ['drizzle/shop/schema.ts', `import { Client } from 'pg'`, 'pg'],
  ['functions/shop/orders.ts', `import { createHash } from 'node:crypto'`, 'node:crypto'],
  [
    'functions/shop/receivers/billing.ts',
    `import { Lanes } from '../../../worker/lanes/lanes.ts'`,
    '../../../worker/lanes/lanes.ts',
  ],
  ['functions/shop/orders.ts', `import { say } from '../../dev/say.ts'`, '../../dev/say.ts'],
  ['functions/shop/orders.ts', `import { z } from 'zodiac'`, 'zodiac'],
  ['functions/app.ts', `import { shop } from './shop/shop.ts'`, './shop/shop.ts'],
  ['functions/system/health.ts', `import { app } from '../index.ts'`, '../index.ts'],
  ['functions/shop/shop.ts', `import { app } from '../index.ts'`, '../index.ts'],
  [
    'functions/events/read.ts',
    `import { orders } from '../../drizzle/shop/schema.ts'`,
    '../../drizzle/shop/schema.ts',
  ],
  ['drizzle/store.ts', `import { orders } from './shop/schema.ts'`, './shop/schema.ts'],
  ['worker/main.ts', `import { orders } from '../drizzle/shop/schema.ts'`, '../drizzle/shop/schema.ts'],
  ['worker/lanes/lanes.ts', `import { Hono } from 'hono'`, 'hono'],
  ['worker/lanes/lanes.ts', `import { app } from '../../functions/index.ts'`, '../../functions/index.ts'],
  ['worker/process.ts', `import { Command } from 'commander'`, 'commander'],
  ['cli/program.ts', `import { say } from '../dev/say.ts'`, '../dev/say.ts'],
  ['cli/program.ts', `import { app } from '../functions/index.ts'`, '../functions/index.ts'],
  ['cli/migrate/apply.ts', `import { Output } from '../output.ts'`, '../output.ts'],
  ['receivers/verify.ts', `import { Buffer } from 'node:buffer'`, 'node:buffer'],
  ['receivers/verify.ts', `import { runOn } from '../worker/database.ts'`, '../worker/database.ts'],
  ['delivery/verify.ts', `import { verify } from '../receivers/verify.ts'`, '../receivers/verify.ts'],
  ['exports/verify.ts', `import { createHash } from 'node:crypto'`, 'node:crypto'],
])('%s is stopped at: %s', (file, source, target) => {
  expect(breachesOf(file, `// A file.\nconst before = 'x'\n${source}\n`)).toEqual([
    `${file} must not import ${target}`,
  ])
})

test.each([
  ['delivery/retry.ts', `import type { Random } from './types.ts'`],
  ['drizzle/store.ts', `import type { Leased } from '../delivery/types.ts'`],
  ['functions/shop/receivers/billing.ts', `import { billOrder } from '../../../drizzle/shop/queries.gen.ts'`],
  ['functions/shop/orders.ts', `import { HTTPException } from 'hono/http-exception'`],
  ['functions/shop/orders.ts', `import { reply } from '../http/reply.ts'`],
  ['functions/index.ts', `import { shop } from './shop/shop.ts'`],
  ['cli/commands/migrate.ts', `import { apply } from '../migrate/apply.ts'`],
  ['cli/doctor/database.ts', `import { runOn } from '../../worker/database.ts'`],
  ['worker/send/transport.ts', `import { lookup } from 'node:dns/promises'\nimport { Agent } from 'undici'`],
])('%s may: %s', (file, source) => {
  expect(breachesOf(file, source)).toEqual([])
})

test.each(['delivery', 'functions', 'receivers'])(
  'the compiler knows no global of Node or Cloudflare in %s/',
  folder => {
    const dir = mkdtempSync(join(tmpdir(), 'walls-'))
    const globals = ['Buffer', 'HTMLRewriter', 'process', 'setImmediate']
    writeFileSync(join(dir, 'probe.ts'), `export default [${globals}]`)
    const config = { extends: join(root, folder, 'tsconfig.json'), include: ['*.ts'] }
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(config))
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', dir], { encoding: 'utf8' })
    rmSync(dir, { recursive: true })
    expect(stdout.match(/Cannot find name '\w+'/g)).toEqual(globals.map(name => `Cannot find name '${name}'`))
  },
)

test('the linter stops each folder at what is not allowed there', () => {
  const dir = mkdtempSync(join(tmpdir(), 'walls-'))
  const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  writeFileSync(join(dir, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }))
  for (const folder of [
    'delivery',
    'drizzle',
    'functions/events',
    'functions/shop',
    'receivers',
    'worker/send',
    'cli',
    'exports',
    'dev',
  ]) {
    mkdirSync(join(dir, folder), { recursive: true })
    const probe = `import { a } from '../shop/a.ts'\nimport { b } from 'node:fs'\nexport default [a, b, Buffer]\n`
    writeFileSync(join(dir, folder, 'probe.ts'), probe)
  }
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '--reporter=github', '.'], {
    cwd: dir,
    encoding: 'utf8',
  })
  rmSync(dir, { recursive: true })
  const found = [...stdout.matchAll(/title=lint\/\w+\/(\w+),file=.*?walls-\w+\/([^,]+)\/probe\.ts/g)]
  expect(found.map(([, rule, folder]) => `${folder} ${rule}`).sort()).toEqual([
    'cli noRestrictedImports',
    'delivery noNodejsModules',
    'delivery noRestrictedGlobals',
    'delivery noRestrictedImports',
    'drizzle noNodejsModules',
    'drizzle noRestrictedGlobals',
    'drizzle noRestrictedImports',
    'exports noRestrictedImports',
    'functions/events noNodejsModules',
    'functions/events noRestrictedGlobals',
    'functions/events noRestrictedImports',
    'functions/shop noNodejsModules',
    'functions/shop noRestrictedGlobals',
    'receivers noNodejsModules',
    'receivers noRestrictedGlobals',
    'receivers noRestrictedImports',
    'worker/send noRestrictedImports',
  ])
})
