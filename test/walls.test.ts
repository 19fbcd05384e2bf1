// The walls between the folders hold, and the one that guards them can see.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { breachesOf, findBreaches } from '../dev/walls.ts'

const root = join(import.meta.dirname, '..')

test('no folder imports what is not its to import', () => {
  expect(findBreaches(root)).toEqual([])
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
  ['worker/lanes/lanes.ts', `import { Hono } from 'hono'`, 'hono'],
  ['worker/lanes/lanes.ts', `import { app } from '../../functions/index.ts'`, '../../functions/index.ts'],
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
  ['worker/send/transport.ts', `import { lookup } from 'node:dns/promises'\nimport { Agent } from 'undici'`],
])('%s may: %s', (file, source) => {
  expect(breachesOf(file, source)).toEqual([])
})

test('the compiler knows no global of Node or Cloudflare in delivery/', () => {
  const dir = mkdtempSync(join(tmpdir(), 'walls-'))
  const globals = ['Buffer', 'HTMLRewriter', 'process', 'setImmediate']
  writeFileSync(join(dir, 'probe.ts'), `export default [${globals}]`)
  const config = { extends: join(root, 'delivery/tsconfig.json'), include: ['*.ts'] }
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(config))
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', dir], { encoding: 'utf8' })
  rmSync(dir, { recursive: true })
  expect(stdout.match(/Cannot find name '\w+'/g)).toEqual(globals.map(name => `Cannot find name '${name}'`))
})
