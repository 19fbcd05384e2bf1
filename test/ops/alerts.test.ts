// The alerts fire when they should and not before. The cases stand in promtool's own form beside the rules, so they can be
// run with it too; here a small reader does (test/support/promql).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { firingAt, type Rule } from '../support/promql/rules.ts'
import { type Labels, parseDuration, parseSeries } from '../support/promql/series.ts'

interface Expected {
  exp_labels: Labels
  exp_annotations: Labels
}

interface Case {
  name: string
  interval: string
  input_series: { series: string; values: string }[]
  alert_rule_test: { eval_time: string; alertname: string; exp_alerts: Expected[] }[]
}

const folder = join(import.meta.dirname, '../../ops/prometheus')
const read = (file: string) => parse(readFileSync(join(folder, file), 'utf8'))
const rules: Rule[] = read('alerts.yaml').groups.flatMap((group: { rules: Rule[] }) => group.rules)
const cases: Case[] = read('alerts.test.yaml').tests
const checks = cases.flatMap(({ alert_rule_test }) => alert_rule_test)

describe.each(cases)('$name', ({ interval, input_series, alert_rule_test }) => {
  const intervalSeconds = parseDuration(interval)
  const series = input_series.map(({ series, values }) => parseSeries(series, values))

  test.each(alert_rule_test)('$alertname at $eval_time', ({ eval_time, alertname, exp_alerts }) => {
    const own = rules.filter(rule => rule.record !== undefined || rule.alert === alertname)
    const firing = firingAt(own, { series, intervalSeconds }, parseDuration(eval_time))
    const inOrder = (alerts: [Labels, Labels][]) =>
      alerts.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))
    const sorted = (labels: Labels) => Object.fromEntries(Object.entries(labels).sort())
    expect(inOrder(firing.map(({ labels, annotations }) => [sorted(labels), annotations]))).toEqual(
      inOrder(exp_alerts.map(({ exp_labels, exp_annotations }) => [sorted(exp_labels), exp_annotations])),
    )
  })
})

test('of each alert there is a case in which it fires and one in which it does not', () => {
  for (const { alert } of rules.filter(rule => rule.alert !== undefined)) {
    const own = checks.filter(({ alertname }) => alertname === alert)
    expect(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert} fires`,
    ).toBe(true)
    expect(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert} does not fire`,
    ).toBe(true)
  }
})
