// The deliberate bugs of the fault lab still fit the source they spoil. That a run with one ends red is seen by hand
// (`npm run chaos -- --bug NAME`): each takes minutes.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bugNames, bugs, copyWithBug } from '../../chaos/mutations.ts'
import { atEnd } from '../support/cleanup.ts'

test.each(bugNames)('%s is one change in a copy of the source, which the source itself never sees', name => {
  const { file, right, wrong } = bugs[name]
  const copy = copyWithBug(name)
  atEnd(() => rmSync(copy, { recursive: true }))
  const spoiled = readFileSync(join(copy, file), 'utf8')
  const source = readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
  expect(spoiled).not.toBe(source)
  expect(spoiled).toBe(source.replace(right, wrong))
})
