// Part of `npm run generate`: fills the `<!-- generated: NAME -->` blocks of README.md and docs/*.md with tables made from
// the rules in delivery/.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeProbes } from '../delivery/breaker.ts'
import { failureKinds, failures, nextSteps } from '../delivery/failures.ts'
import { describeSchedule } from '../delivery/retry.ts'
import { head, rows } from './breaker/table.ts'
import { costHead, costRows, planHead, planRows } from './scale/table.ts'

const root = join(import.meta.dirname, '..')

const tables: Readonly<Record<string, () => string>> = {
  'retry-table': retryTable,
  'breaker-table': breakerTable,
  'breaker-simulation': () => markdownTable(head, rows()),
  'failure-kinds': failureTable,
  'scale-plan': () => markdownTable(planHead, planRows()),
  'scale-cost': () => markdownTable(costHead, costRows()),
}

/** One sentence for each table that is stale, and for each that no file shows. */
export function findTableProblems(): string[] {
  const stale = documents().filter(({ path, text }) => filled(path, text) !== text)
  const missing = Object.keys(tables).filter(
    name => !documents().some(({ text }) => text.includes(begin(name))),
  )
  return [
    ...stale.map(({ path }) => `${path} has stale tables: run \`npm run generate\`.`),
    ...missing.map(
      name => `No file shows the table ${name}: write ${begin(name)} and ${end} where it belongs.`,
    ),
  ]
}

const begin = (name: string) => `<!-- generated: ${name} -->`
const end = '<!-- /generated -->'

/** The text with fresh tables; `path` is for messages. */
export function filled(path: string, text: string): string {
  const parts = text.split(/^(?=<!-- generated: )/m)
  return parts.map(part => (part.startsWith('<!-- generated: ') ? filledPart(path, part) : part)).join('')
}

/** `part` begins with a marker and reaches to the next one. */
function filledPart(path: string, part: string): string {
  const name = /^<!-- generated: (.*?) -->\n/.exec(part)?.[1] ?? ''
  const table = tables[name]
  if (!table) {
    const known = Object.keys(tables).join(', ')
    throw new Error(`${path} asks for a generated table "${name}": expected one of ${known}.`)
  }
  const endAt = part.indexOf(end)
  if (endAt < 0) throw new Error(`${path} has no ${end} after ${begin(name)}.`)
  return `${begin(name)}\n${table()}\n${part.slice(endAt)}`
}

function documents(): { path: string; text: string }[] {
  const docs = readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md'))
  return ['README.md', ...docs.map(name => `docs/${name}`)].map(path => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }))
}

function retryTable(): string {
  const rows = describeSchedule().map(({ attempt, wait, shortest, longest, total }) => [
    attempt,
    wait,
    `${shortest} to ${longest}`,
    total,
  ])
  return markdownTable(
    ['after attempt', 'wait', 'with jitter', 'since the first attempt'],
    [...rows, [rows.length + 1, 'none: the delivery is dead', '', '']],
  )
}

function breakerTable(): string {
  const rows = describeProbes().map(({ probe, wait, shortest, longest, total }) => [
    probe,
    wait,
    `${shortest} to ${longest}`,
    total,
  ])
  return markdownTable(
    ['probe', 'wait', 'with jitter', 'since the breaker opened'],
    [...rows, [`${rows.length + 1} …`, 'the same', '', '']],
  )
}

function failureTable(): string {
  const rows = failureKinds.map(kind => {
    const { meaning, next, tenantSees } = failures[kind]
    return [`\`${kind}\``, meaning, nextSteps[next], tenantSees === 'same' ? 'the same' : `\`${tenantSees}\``]
  })
  return markdownTable(['error', 'what it means', 'tried again?', 'what a tenant sees'], rows)
}

function markdownTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = rows.map(cells => `|${cells.map(cell => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`)
  return [`| ${head.join(' | ')} |`, `|${'---|'.repeat(head.length)}`, ...lines].join('\n')
}

if (import.meta.main) {
  for (const { path, text } of documents()) {
    const fresh = filled(path, text)
    if (fresh !== text) writeFileSync(join(root, path), fresh)
  }
}
