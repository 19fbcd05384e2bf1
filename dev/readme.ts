// `npm run generate` also writes the parts of the README that the code knows better: the retry table, the list of errors.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { failureKinds } from '../delivery/outcome.ts'
import { describeSchedule } from '../delivery/retry.ts'

const readme = join(import.meta.dirname, '../README.md')

export function isReadmeFresh(): boolean {
  return readFileSync(readme, 'utf8') === freshReadme()
}

if (import.meta.main) writeFileSync(readme, freshReadme())

function freshReadme(): string {
  const parts = { 'retry-table': retryTable(), 'failure-kinds': failureTable() }
  return Object.entries(parts).reduce(
    (text, [name, table]) => {
      const marked = new RegExp(`(<!-- generated: ${name} -->\n)[^]*?(<!-- /generated -->)`)
      if (!marked.test(text)) throw new Error(`README.md has no place for ${name}`)
      return text.replace(marked, (_, begin, end) => `${begin}${table}\n${end}`)
    },
    readFileSync(readme, 'utf8'),
  )
}

function retryTable(): string {
  const rows = describeSchedule().map(
    ({ attempt, wait, shortest, longest, total }) =>
      `| ${attempt} | ${wait} | ${shortest} to ${longest} | ${total} |`,
  )
  return [
    '| after attempt | wait | with jitter | since the first attempt |',
    '|---|---|---|---|',
    ...rows,
    `| ${rows.length + 1} | none: the delivery is dead | | |`,
  ].join('\n')
}

function failureTable(): string {
  const rows = Object.entries(failureKinds).map(([kind, sentence]) => `| \`${kind}\` | ${sentence} |`)
  return ['| error | what it means |', '|---|---|', ...rows].join('\n')
}
