// The last line of a test run has the right counts, even when a file could not be loaded.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { atEnd } from './cleanup.ts'

const root = join(import.meta.dirname, '../..')

/** Runs a project of one test file with this reporter. */
function run(source: string, setup = '') {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-reporter-'))
  atEnd(() => rmSync(dir, { recursive: true, force: true }))
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  writeFileSync(join(dir, 'vitest.config.ts'), `export default { test: { globalSetup: 'setup.ts' } }`)
  writeFileSync(join(dir, 'setup.ts'), `export default () => { ${setup} }`)
  writeFileSync(join(dir, 'a.test.ts'), `import { beforeAll, expect, test } from 'vitest'\n${source}`)
  const reporters = ['--reporter=default', `--reporter=${join(root, 'test/support/reporter.ts')}`]
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { stdout, status } = spawnSync(process.execPath, [vitest, 'run', '--root', dir, ...reporters], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, NO_COLOR: '1' },
  })
  return { lastLine: stdout.trimEnd().split('\n').at(-1), status }
}

test.each([
  ['passing tests', `test('a', () => {})\ntest('b', () => {})`, '2 passed, 0 failed', 0],
  ['failing tests', `test('a', () => {})\ntest('b', () => expect(1).toBe(2))`, '1 passed, 1 failed', 1],
  [
    'skipped tests',
    `test('a', () => {})\ntest.skip('b', () => {})\ntest.todo('c')`,
    '1 passed, 0 failed, 2 skipped',
    0,
  ],
  ['a failing import', `import './missing.ts'\ntest('a', () => {})`, '0 passed, 1 failed', 1],
  [
    'a failing hook',
    `beforeAll(() => { throw new Error('no') })\ntest('a', () => {})`,
    '0 passed, 1 failed, 1 skipped',
    1,
  ],
  [
    'an error outside any test',
    `test('a', () => void Promise.reject(new Error('no')))`,
    '1 passed, 1 failed',
    1,
  ],
  ['a file without tests as failed', ``, '0 passed, 1 failed', 1],
])('the last line of a test run counts %s', (_, source, lastLine, status) => {
  expect(run(source)).toEqual({ lastLine, status })
})

test('the last line of a test run counts a failing setup', () => {
  expect(run(`test('a', () => {})`, `throw new Error('no database')`)).toEqual({
    lastLine: '0 passed, 1 failed',
    status: 1,
  })
})
