// The package in projects of all kinds: npm, pnpm and yarn, with node_modules and with PnP, ES modules and CommonJS, on Node
// 20, 22 and 24. With each manager the way of docs/install.md is gone to a verified webhook.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../dev/ports.ts'
import { codeBlocks, readPage } from '../docs/pages.ts'
import { freshDatabase } from '../support/database.ts'
import {
  createProject,
  type Major,
  type Manager,
  majors,
  managers,
  openToolbox,
  type Project,
  RegistryError,
  type Toolbox,
} from './project.ts'

const unreachable = new Map<Manager, string>()
let tools: Toolbox
beforeAll(() => {
  tools = openToolbox()
})

/** Each Node installs and goes the way with some manager; the modules are loaded on all of them. */
const chosen: Record<Manager, { major: Major; kind: 'ES modules' | 'CommonJS' }> = {
  npm: { major: 20, kind: 'ES modules' },
  pnpm: { major: 22, kind: 'CommonJS' },
  'yarn with node_modules': { major: 24, kind: 'ES modules' },
  'yarn with PnP': { major: 22, kind: 'CommonJS' },
}

const print =
  'console.log(typeof emit, typeof verify, typeof app.createOutbox, typeof listener.startListener, typeof schema.events)\n'
const files = {
  'load.mjs': `import { emit } from 'outbox'
import * as app from 'outbox/app'
import * as listener from 'outbox/listener'
import * as schema from 'outbox/schema'
import { verify } from 'outbox/verify'
${print}`,
  'load.cjs': `const { emit } = require('outbox')
const [app, listener, schema] = ['app', 'listener', 'schema'].map(name => require('outbox/' + name))
const { verify } = require('outbox/verify')
${print}import('./load.mjs')`,
}

describe.each(managers)('with %s', manager => {
  const { major, kind } = chosen[manager]
  let project: Project
  beforeAll(async () => {
    if (missing(manager, major) !== null) return
    try {
      project = await createProject(manager, tools, major)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      unreachable.set(manager, `${manager} does not reach the registry`)
    }
  })

  test.for(majors)(
    'ES modules, and CommonJS where it can, get every export, on Node %i',
    (node, { skip }) => {
      const reason = missing(manager, node) ?? missing(manager, major)
      if (reason !== null) skip(reason)
      for (const [file, code] of Object.entries(files)) writeFileSync(join(project.folder, file), code)
      // Node 20's require() of an ES module does not look into the archives that PnP keeps packages in.
      const takesBoth = manager !== 'yarn with PnP' || node > 20
      const { stdout, stderr } = project.run(node, {}, 'node', takesBoth ? 'load.cjs' : 'load.mjs')
      expect(stdout, stderr).toBe('function function function function object\n'.repeat(takesBoth ? 2 : 1))
    },
  )

  test(`on Node ${major}, in ${kind}: from the package to a verified webhook`, async ({ skip }) => {
    const reason = missing(manager, major)
    if (reason !== null) skip(reason)
    await toVerifiedWebhook(project, major, kind)
  })
})

/** The reason why it can't be tried here; null = it can. */
function missing(manager: Manager, major: Major): string | null {
  const reason = unreachable.get(manager)
  if (reason !== undefined) return reason
  if (!tools.nodes.has(major)) return `Node ${major} is neither installed nor to be had from the registry`
  const tool = { npm: 'npm', pnpm: tools.pnpm }[manager as 'npm' | 'pnpm'] ?? tools.yarn
  return tool === null ? `${manager} is not to be had from the registry` : null
}

async function toVerifiedWebhook(project: Project, major: Major, kind: string): Promise<void> {
  const db = await freshDatabase({ empty: true })
  const client = await db.connect()
  await client.query(
    `create table orders (id int primary key, status text); insert into orders values (1, 'new')`,
  )
  const [port, healthPort] = [await freePort(), await freePort()]
  const open = {
    OUTBOX_ALLOW_HTTP: 'true',
    OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8,::1/128',
    OUTBOX_HEALTH_PORT: String(healthPort),
  }
  const outbox = (...args: string[]) => {
    const { status, stdout, stderr } = project.run(major, open, 'outbox', ...args)
    expect(status, `${args.join(' ')}\n${stdout}${stderr}`).toBe(0)
    return stdout
  }
  outbox('init', '--yes', '--watch', 'orders', '--database-url', db.url)
  outbox('migrate')
  await client.query(readFileSync(join(project.folder, 'outbox/watch.sql'), 'utf8'))
  const made = outbox('endpoints', 'create', '--url', `http://localhost:${port}/webhooks`)
  const file = kind === 'CommonJS' ? 'receiver.cjs' : 'receiver.mjs'
  writeFileSync(join(project.folder, file), receiver(kind, port))
  const secret = /whsec_\S+/.exec(made)![0]
  const receiving = project.start(major, { WEBHOOK_SECRET: secret }, 'node', file)
  const listening = project.start(major, open, 'outbox', 'listener')
  await listening.says('"msg":"listening"')
  await client.query(`update orders set status = 'shipped' where id = 1`)
  await receiving.says('"status" : "shipped"')
}

/** As docs/install.md prints it, or the same with require(). */
function receiver(kind: string, port: number): string {
  const [printed = ''] = codeBlocks(readPage('docs/install.md'), 'js')
  const code = printed.replace('3000', String(port))
  return kind === 'CommonJS' ? code.replace(/^import (\{.*\}) from (.*)$/gm, 'const $1 = require($2)') : code
}
