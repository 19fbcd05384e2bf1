// The generated tables of the docs: they are fresh, and a mistake in a marker is named.
import { expect, test } from 'vitest'
import { filled, findTableProblems } from '../../dev/readme.ts'

test('every table is shown somewhere, and shows what the rules say', () => {
  expect(findTableProblems()).toEqual([])
})

test('a block is filled, however often and whatever was in it, and the text around it stays', () => {
  const block = '<!-- generated: breaker-table -->\nold\n<!-- /generated -->\n'
  const text = filled('a.md', `# A\n\n${block}\nbetween\n\n${block}\nafter\n`)
  expect(text).not.toContain('old')
  expect(text.match(/^\| probe \| wait \|/gm)).toHaveLength(2)
  expect(text).toMatch(
    /^# A\n\n<!--[\s\S]*<!-- \/generated -->\n\nbetween\n[\s\S]*<!-- \/generated -->\n\nafter\n$/,
  )
  expect(filled('a.md', text)).toBe(text)
})

test('a text without markers stays as it is', () => {
  expect(filled('a.md', '# A\n\ntext\n')).toBe('# A\n\ntext\n')
})

test.each([
  [
    'an unknown table',
    '<!-- generated: other -->\n<!-- /generated -->\n',
    'a.md asks for a generated table "other"',
  ],
  ['a block without an end', '<!-- generated: retry-table -->\ntext\n', 'a.md has no <!-- /generated -->'],
  [
    'a block that ends in the next one',
    '<!-- generated: retry-table -->\n<!-- generated: failure-kinds -->\n<!-- /generated -->\n',
    'a.md has no <!-- /generated --> after <!-- generated: retry-table -->',
  ],
])('%s is named', (_, text, message) => {
  expect(() => filled('a.md', text)).toThrow(message)
})
