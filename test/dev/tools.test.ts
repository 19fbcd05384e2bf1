// The small tools behind `npm run check`, `npm run generate` and `npm run dev`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findLockGaps } from '../../dev/lock-gaps.ts'
import { readOptions } from '../../dev/options.ts'
import { isLocal } from '../../dev/services/database.ts'
import { developmentSettings } from '../../dev/settings.ts'

test('a lock file without a package of a platform is reported', () => {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-lock-'))
  const file = join(dir, 'package-lock.json')
  const packages = {
    '': { dependencies: { a: '1' } },
    'node_modules/a': { dependencies: { b: '1', c: '1' }, optionalDependencies: { 'a-darwin': '1' } },
    'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
    'node_modules/c': {},
  }
  writeFileSync(file, JSON.stringify({ packages }))
  expect(findLockGaps(file)).toEqual(['node_modules/a needs a-darwin, which package-lock.json lacks'])
  rmSync(dir, { recursive: true })
})

test('npm run dev takes its flags, and prints its usage when they are wrong', () => {
  expect(readOptions([])).toEqual({ fresh: false, port: 8787, listeners: 1, cron: true, seed: true })
  const flags = ['--fresh', '--port', '9000', '--listeners', '0', '--no-cron', '--no-seed']
  expect(readOptions(flags)).toEqual({ fresh: true, port: 9000, listeners: 0, cron: false, seed: false })
  expect(() => readOptions(['--listeners', '-1'])).toThrow(/--listeners/)
  expect(() => readOptions(['--port', '80.5'])).toThrow('--port takes a whole number from 1 to 65535')
  expect(() => readOptions(['--frehs'])).toThrow(/'--frehs'.*--fresh +start with an empty database/s)
})

test('the environment overrides the development settings, and its other variables are not passed on', () => {
  const secrets = { OUTBOX_MASTER_KEYS: 'dev:x', NOTIFICATIONS_SECRET: 'n', BILLING_SECRET: 'b' }
  const env = {
    OUTBOX_API_KEYS: 'me:admin:k',
    OUTBOX_ALLOW_HTTP: '',
    BILLING_SECRET: 'mine',
    HOME: '/home/me',
    AWS_KEY: 'no',
  }
  const settings = developmentSettings(secrets, env)
  expect(settings).toMatchObject({ ...secrets, BILLING_SECRET: 'mine', OUTBOX_API_KEYS: 'me:admin:k' })
  expect(settings.OUTBOX_ALLOW_HTTP).toBe('true')
  expect(Object.keys(settings)).not.toContain('AWS_KEY')
})

test.each([
  [{}, 'postgresql://postgres@127.0.0.1:15432/outboxdb', 'postgresql://postgres@127.0.0.1:15432/outboxdb'],
  [{ DATABASE_URL: 'a' }, 'a', 'a'],
  [{ DATABASE_URL_UNPOOLED: 'b' }, 'b', 'b'],
  [{ DATABASE_URL: 'a', DATABASE_URL_UNPOOLED: 'b' }, 'a', 'b'],
])('the database URLs of npm run dev with the environment %j', (env, pooled, direct) => {
  const secrets = { OUTBOX_MASTER_KEYS: '', NOTIFICATIONS_SECRET: '', BILLING_SECRET: '' }
  const { DATABASE_URL, DATABASE_URL_UNPOOLED } = developmentSettings(secrets, env)
  expect([DATABASE_URL, DATABASE_URL_UNPOOLED]).toEqual([pooled, direct])
})

test.each([
  ['postgresql://u:p@127.0.0.1:5432/db', true],
  ['postgresql://u:p@localhost/db', true],
  ['postgresql://u:p@outboxdb:5432/db', true],
  ['postgresql://u:p@[::1]/db', true],
  ['postgresql://u:p@ep-x-pooler.eu-central-1.aws.neon.tech/db', false],
])('%s needs the local Neon proxy: %s', (url, local) => {
  expect(isLocal(url)).toBe(local)
})
