// docs/failures.md keeps its word: every test it names exists, and where it names none it says why.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const docs = join(import.meta.dirname, '../../docs')
const page = readFileSync(join(docs, 'failures.md'), 'utf8')

/** The rows of all tables, cell by cell: the case, what goes wrong, what holds, proven by. */
function rowsOf(text: string): string[][] {
  const cells = (line: string) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map(cell => cell.trim())
  return text
    .split('\n')
    .filter(line => line.startsWith('|') && !/^\|(---|\s*case\s*\|)/.test(line))
    .map(cells)
}

/** A sentence for each fault. */
function faultsIn(text: string): string[] {
  return rowsOf(text).flatMap(row => {
    const [name = '', , , proof = ''] = row
    if (row.length !== 4 || row.includes('')) return [`${name}: expected four cells, none of them empty`]
    const named = proof.split('<br>').map(part => /^\[[^\]]+\]\(([^)]+)\) “(.+)”$/s.exec(part.trim()))
    if (named.includes(null))
      return /^No test: \S/.test(proof) ? [] : [`${name}: expected [file](path) “title”, or “No test: why”`]
    return named.flatMap(reference =>
      missing(reference![1]!, reference![2]!).map(fault => `${name}: ${fault}`),
    )
  })
}

function missing(path: string, title: string): string[] {
  const file = join(docs, path)
  if (!existsSync(file)) return [`there is no ${path}`]
  const source = readFileSync(file, 'utf8').replaceAll("\\'", "'")
  return ["'", '"', '`'].some(quote => source.includes(quote + title + quote))
    ? []
    : [`${path} has no test “${title}”`]
}

test('every test that the page names exists, and a row without one says why', () => {
  expect(faultsIn(page)).toEqual([])
  expect(rowsOf(page).length).toBeGreaterThan(0)
})

test('no case has two rows', () => {
  const names = rowsOf(page).map(([name]) => name)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

test.each([
  [
    'a renamed test',
    '| A | b | c | [x](../test/docs/failures.test.ts) “no case has three rows” |',
    'has no test',
  ],
  ['a moved test', '| A | b | c | [x](../test/docs/gone.test.ts) “no case has two rows” |', 'there is no'],
  ['a proof that names no test', '| A | b | c | see the tests |', 'expected [file](path)'],
  [
    'a second proof that names no test',
    '| A | b | c | [x](../test/docs/failures.test.ts) “no case has two rows”<br>nothing |',
    'expected [file]',
  ],
  ['an empty cell', '| A | b |  | No test: why |', 'expected four cells'],
])('%s is reported', (_, row, fault) => {
  expect(faultsIn(row)).toEqual([expect.stringContaining(fault)])
})
