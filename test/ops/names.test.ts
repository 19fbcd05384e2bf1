// The alerts and the board ask for what is really shown, and each alert has a page that helps.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Api, startApi } from '../functions/api.ts'
import { eventually } from '../support/eventually.ts'
import { namesIn } from '../support/metrics.ts'
import { startTestListener } from '../support/outbox.ts'
import { metricsIn } from '../support/promql/evaluate.ts'
import type { Rule } from '../support/promql/rules.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const rules: Rule[] = parse(read('ops/prometheus/alerts.yaml')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
)
const alerts = rules.filter(rule => rule.alert !== undefined)
const recorded = rules.flatMap(({ record }) => record ?? [])

interface Panel {
  title: string
  targets?: { expr: string }[]
}
const board = JSON.parse(read('ops/grafana/outbox.json'))
/** What Grafana puts in place of a variable is no matter of names. */
const onBoard: [string, string][] = [
  ...board.panels.flatMap(({ title, targets = [] }: Panel) => targets.map(({ expr }) => [title, expr])),
  ...board.annotations.list.map(({ name, expr }: { name: string; expr: string }) => [name, expr]),
]

let api: Api
let ofListener: Set<string>
let ofFunctions: Set<string>
beforeAll(async () => {
  api = await startApi()
  await api.worker.scheduled()
  ofFunctions = namesIn((await api.get('/metrics')).text)
  const listener = await startTestListener(api.database.url)
  ofListener = await eventually(async () => {
    const answer = await fetch(`http://127.0.0.1:${listener.healthPort}/metrics`)
    return namesIn(await answer.text())
  })
})

/** Of a histogram, series have endings. */
const isShown = (name: string) =>
  [name, name.replace(/_(bucket|sum|count)$/, '')].some(one => ofListener.has(one)) || recorded.includes(name)

test.each(rules.map(({ alert, record, expr }): [string, string] => [alert ?? record!, expr]))(
  'the rule %s asks for metrics that a listener shows',
  (_, expr) => {
    for (const name of metricsIn(expr)) expect(isShown(name), name).toBe(true)
  },
)

test.each(onBoard)('the panel “%s” asks for metrics that a listener shows: %s', (_, expr) => {
  const names = metricsIn(expr)
  expect(names.size).toBeGreaterThan(0)
  for (const name of names) expect(isShown(name), name).toBe(true)
})

test('every metric of the outbox is on the board or in a rule', () => {
  const asked = new Set(
    [...rules.map(({ expr }) => expr), ...onBoard.map(([, expr]) => expr)].flatMap(expr => [
      ...metricsIn(expr),
    ]),
  )
  const unused = [...ofListener].filter(
    name => name.startsWith('outbox_') && ![...asked].some(one => one === name || one.startsWith(`${name}_`)),
  )
  expect(unused).toEqual([])
})

test('without a listener, the alerts about the two planes still see the functions', () => {
  const [planes] = alerts.filter(({ alert }) => alert === 'OutboxBothPlanesDown')
  for (const name of metricsIn(planes!.expr)) expect(ofFunctions.has(name), name).toBe(true)
})

describe('the pages', () => {
  test.each([...new Set(alerts.map(({ alert }) => alert!))])(
    '%s says what it means, where to look and what to do',
    alert => {
      const page = read(`docs/alerts/${alert}.md`)
      expect(page).toMatch(new RegExp(`^# ${alert}\n`))
      expect(page.match(/^## .*$/gm)).toEqual(['## What it means', '## Where to look', '## What to do'])
    },
  )

  test('every alert names its page and how urgent it is, and no page is without an alert', () => {
    for (const { alert, annotations, labels } of alerts) {
      expect(annotations!.runbook_url, alert).toBe(`docs/alerts/${alert}.md`)
      expect(existsSync(join(root, annotations!.runbook_url!))).toBe(true)
      expect(annotations!.summary, alert).toMatch(/\.$/)
      expect(['page', 'ticket'], alert).toContain(labels!.severity)
    }
    const pages = readdirSync(join(root, 'docs/alerts')).map(file => file.replace('.md', ''))
    expect(pages.sort()).toEqual([...new Set(alerts.map(({ alert }) => alert!))].sort())
  })
})

test('docs/operating.md lists every metric of the outbox, and no other', () => {
  const listed = new Set(
    [...read('docs/operating.md').matchAll(/`(outbox_[a-z_]+)/g)].map(([, name]) => name!),
  )
  const withThreads = 'outbox_thread_busy_seconds_total' // this listener has only one
  expect([...listed].sort()).toEqual(
    [...ofListener, withThreads].filter(name => name.startsWith('outbox_')).sort(),
  )
})
