// docs/problems.md has a section for each type of problem that the API answers with.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { problem } from '../../functions/http/problem.ts'
import { problemTypes, problemUri, typeOfStatus } from '../../functions/http/problem-types.ts'
import { readPage, root } from './pages.ts'

const sections = [...readPage('docs/problems.md').matchAll(/^## (.+)$/gm)].map(([, name]) => name)

/** What stands behind each `problem(`. */
const calls = readdirSync(join(root, 'functions'), { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts'))
  .flatMap(name =>
    readFileSync(join(root, 'functions', name), 'utf8')
      .split(/\bproblem\(/)
      .slice(1),
  )

test('every type has a section, and no section is of another', () => {
  expect(sections.toSorted()).toEqual(problemTypes.toSorted())
})

test('every type is answered somewhere', () => {
  const statuses = calls.flatMap(call => /^\s*(\d{3})/.exec(call)?.[1] ?? [])
  const named = calls.flatMap(call => /type: '([a-z-]+)'/.exec(call)?.[1] ?? [])
  const answered = new Set<string>([...statuses.map(status => typeOfStatus(Number(status))), ...named])
  expect(problemTypes.filter(type => !answered.has(type))).toEqual([])
})

test('a problem carries the type of its status, or the one that it names', async () => {
  const plain = (await problem(404, 'x').json()) as unknown as { type: string }
  const exact = (await problem(409, 'x', { type: 'replay-running' }).json()) as unknown as { type: string }
  expect([plain.type, exact.type]).toEqual([problemUri('not-found'), 'urn:outbox:problem:replay-running'])
})
