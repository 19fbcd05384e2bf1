// The deliberate mistakes of chaos runs still fit the source they change. Whether a run finds them is tried by hand
// (`npm run chaos -- --mutation NAME`), because each run takes minutes.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { copyWithMutation, mutationNames, mutations } from '../../chaos/mutations.ts'
import { atEnd } from '../support/cleanup.ts'

test.each(mutationNames)(
  'the mutation %s is one change in a copy of the source, and leaves the source as it is',
  name => {
    const { file, right, wrong } = mutations[name]
    const copy = copyWithMutation(name)
    atEnd(() => rmSync(copy, { recursive: true }))
    const mutated = readFileSync(join(copy, file), 'utf8')
    const source = readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
    expect(mutated).not.toBe(source)
    expect(mutated).toBe(source.replaceAll(right, wrong))
  },
)
