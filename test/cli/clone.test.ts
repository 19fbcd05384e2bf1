// In a clone of this repository the command is there after `npm ci`, as it is where the package is installed.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/server.ts'

const root = join(import.meta.dirname, '../..')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const prepare = (cwd: string) =>
  spawnSync(scripts.prepare, { shell: true, cwd, encoding: 'utf8', env: { PATH: process.env.PATH } })

test('`npm ci` makes `npx outbox` run the source, also when it is run again', () => {
  const clone = temporaryDirectory()
  mkdirSync(join(clone, 'node_modules/.bin'), { recursive: true })
  for (let times = 0; times < 2; times++)
    expect(prepare(clone)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  expect(readlinkSync(join(clone, 'node_modules/.bin/outbox'))).toBe('../../cli/main.ts')
  accessSync(join(root, 'cli/main.ts'), constants.X_OK)
})

test('where nothing was installed it does no harm', () => {
  expect(prepare(temporaryDirectory())).toMatchObject({ status: 0, stdout: '', stderr: '' })
})
