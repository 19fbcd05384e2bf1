// `outbox init`: what it writes into a project, and that it overwrites nothing.
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, expect, test } from 'vitest'
import { parseMasterKeys } from '../../delivery/secrets.ts'
import { version } from '../../delivery/version.ts'
import { parseApiKeys } from '../../functions/access/api-keys.ts'
import { temporaryDirectory } from '../support/server.ts'
import { outbox } from './command.ts'

const url = 'postgresql://u:p%23w@db.example/app'
const read = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8')

test('--yes writes settings that the listener and the functions can read, for nobody else to see', async () => {
  const cwd = temporaryDirectory()
  const { exitCode, stdout, stderr } = outbox(
    ['init', '--yes', '--database-url', url, '--watch', 'orders', 'app."It"'],
    { cwd },
  )
  expect(exitCode, stderr).toBe(0)
  const settings = parseEnv(read(cwd, '.env'))
  expect(settings).toMatchObject({ DATABASE_URL: url, DATABASE_URL_UNPOOLED: url })
  expect(parseMasterKeys(settings.OUTBOX_MASTER_KEYS!)).toHaveLength(1)
  expect(await parseApiKeys(settings.OUTBOX_API_KEYS!)).toMatchObject([{ scope: 'admin', tenant: null }])
  expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600)
  for (const secret of [settings.OUTBOX_MASTER_KEYS!, settings.OUTBOX_API_KEYS!, 'p%23w'])
    expect(stdout + stderr).not.toContain(secret)
  expect(read(cwd, 'outbox/watch.sql')).toContain(
    `SELECT outbox.watch('orders');\nSELECT outbox.watch('app."It"');`,
  )
  expect(read(cwd, 'outbox/Dockerfile')).toContain('"listener"]')
  expect(stdout).not.toContain('worker.ts')
})

test('a second time it keeps everything as it is', () => {
  const cwd = temporaryDirectory()
  outbox(['init', '--yes'], { cwd })
  writeFileSync(join(cwd, 'outbox/watch.sql'), 'mine')
  const before = read(cwd, '.env')
  const { exitCode, stdout } = outbox(['init', '--yes'], { cwd })
  expect([exitCode, read(cwd, '.env'), read(cwd, 'outbox/watch.sql')]).toEqual([0, before, 'mine'])
  expect(stdout).toContain('kept outbox/watch.sql, which was there')
})

test('settings that .env has stay, and what is missing is added below', () => {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, '.env'), 'MINE=1\nDATABASE_URL=postgresql://mine/app')
  outbox(['init', '--yes', '--database-url', url], { cwd })
  expect(read(cwd, '.env')).toMatch(/^MINE=1\nDATABASE_URL=postgresql:\/\/mine\/app\nDATABASE_URL_UNPOOLED=/)
})

test('a project with Hono gets a Worker and its wrangler.toml', () => {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ dependencies: { hono: '4' } }))
  const { stdout } = outbox(['init', '--yes', '--json'], { cwd })
  expect(JSON.parse(stdout).files).toEqual(
    expect.arrayContaining(['outbox/worker.ts', 'outbox/wrangler.toml']),
  )
  const config = read(cwd, 'outbox/wrangler.toml')
  expect(config).toContain('crons = ["* * * * *"]')
  expect(config).toContain('compatibility_flags = ["nodejs_compat"]')
})

describe('a project with drizzle-kit', () => {
  const form = (more = '') => `import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',${more}
})
`
  const initIn = (config: string, file = 'drizzle.config.ts') => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, file), config)
    const again = () => outbox(['init', '--yes'], { cwd })
    return { ...again(), again, config: () => read(cwd, file) }
  }
  const isForPerson = (stderr: string) => /so that drizzle-kit drops nothing: schemaFilter/.test(stderr)

  test('gets a schema filter, once', () => {
    const { stdout, again, config } = initIn(form())
    const adapted = form().replace(
      'defineConfig({\n',
      `$&  // Not the schema outbox: its migrations come with the package.\n  schemaFilter: ['public'],\n`,
    )
    expect([stdout.match(/^drizzle.*/m)?.[0], config()]).toEqual([
      `drizzle.config.ts: added schemaFilter: ['public']`,
      adapted,
    ])
    expect(again().stdout).not.toContain('drizzle.config.ts')
    expect(config()).toBe(adapted)
  })

  test.each([
    ['that has a filter', form(`\n  schemaFilter: ['app'],`)],
    ['of another database', form().replace('postgresql', 'sqlite')],
  ])('%s keeps its configuration', (_, before) => {
    const { stderr, config } = initIn(before)
    expect([config(), isForPerson(stderr)]).toEqual([before, false])
  })

  test.each([
    ['in JSON', '{ "dialect": "postgresql" }', 'drizzle.config.json'],
    ['in CommonJS', `module.exports = { dialect: 'postgresql' }`, 'drizzle.config.js'],
  ])('%s is told what to add', (_, before, file) => {
    const { stderr, config } = initIn(before, file)
    expect([config(), isForPerson(stderr)]).toEqual([before, true])
  })
})

test('a project with Prisma gets a migration that a shadow database passes', () => {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ devDependencies: { prisma: '7' } }))
  outbox(['init', '--yes', '--watch', 'orders', `it's`], { cwd })
  expect(read(cwd, 'outbox/watch.sql')).toContain(
    `THEN\n    PERFORM outbox.watch('orders');\n    PERFORM outbox.watch('it''s');\n  ELSE\n`,
  )
})

test('its Dockerfile takes the tarball that lies beside it, and else the version of the registry', () => {
  const cwd = temporaryDirectory()
  expect(outbox(['init', '--yes', '--framework', 'node'], { cwd }).exitCode).toBe(0)
  const [, names] = /^RUN npm install --ignore-scripts (.*)$/m.exec(read(cwd, 'outbox/Dockerfile'))!
  const installed = () =>
    spawnSync('sh', ['-c', `echo ${names}`], { cwd: join(cwd, 'outbox'), encoding: 'utf8' }).stdout.trim()
  expect(installed()).toBe(`outbox@${version}`)
  writeFileSync(join(cwd, `outbox/outbox-${version}.tgz`), '')
  expect(installed()).toBe(`./outbox-${version}.tgz`)
})

test('a framework that it does not know is refused, and nothing is written', () => {
  const cwd = temporaryDirectory()
  expect(outbox(['init', '--yes', '--framework', 'rails'], { cwd })).toMatchObject({
    exitCode: 2,
    stdout: '',
  })
  expect(() => read(cwd, '.env')).toThrow('ENOENT')
})
