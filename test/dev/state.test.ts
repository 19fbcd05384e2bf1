// The state between two starts of npm run dev: its secrets, its lock, and a file for `node --env-file`.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openState } from '../../dev/state.ts'
import { atEnd } from '../support/cleanup.ts'

function freshDir() {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-state-'))
  atEnd(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

test('the secrets of npm run dev are generated once', () => {
  const dir = freshDir()
  const first = openState(dir)
  first.unlock()
  expect(first.secrets.OUTBOX_MASTER_KEYS).toMatch(/^dev:[A-Za-z0-9+/]{43}=$/)
  expect(openState(dir).secrets).toEqual(first.secrets)
})

test('a second process is refused in the same directory', () => {
  const dir = freshDir()
  openState(dir)
  expect(() => openState(dir)).toThrow(`running already, as process ${process.pid}`)
})

test('the lock of a killed process is taken over', () => {
  const dir = freshDir()
  const gone = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' })
  writeFileSync(join(dir, 'dev.lock'), gone)
  expect(() => openState(dir)).not.toThrow()
})

test('settings survive the environment file unchanged', () => {
  const dir = freshDir()
  const settings = { A: `pa$word #1 \${HOME} \\n`, B: `it's "both"`, C: 'a=b==', D: `it's` }
  openState(dir).writeEnvironment(settings)
  const script = 'console.log(JSON.stringify([process.env.A, process.env.B, process.env.C, process.env.D]))'
  const out = execFileSync(process.execPath, [`--env-file=${join(dir, 'dev.env')}`, '-e', script], {
    encoding: 'utf8',
  })
  expect(JSON.parse(out)).toEqual(Object.values(settings))
})

test('a value that an environment file cannot hold is refused without being shown', () => {
  const value = `'"\``
  const write = () => openState(freshDir()).writeEnvironment({ DATABASE_URL: value })
  expect(write).toThrow('DATABASE_URL holds characters')
  expect(write).not.toThrow(value)
})
