// The circuit breaker's numbers, and that the table in the source shows them. test/drizzle/breaker.test.ts has them in SQL.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeProbes, failuresToOpen, probeSchedule, slowStartLimit } from '../../delivery/breaker.ts'
import { defaultRetrySchedule, describeSchedule } from '../../delivery/retry.ts'
import { headTable } from '../support/head-table.ts'

test('the table in breaker.ts shows the real waits', () => {
  expect(headTable('delivery/breaker.ts')).toEqual([
    ...describeProbes().map(row => [String(row.probe), `${row.shortest} to ${row.longest}`, row.total]),
    [`${probeSchedule.length + 1} …`, 'the same'],
  ])
})

test('the text around that table names the real numbers', () => {
  const source = readFileSync(join(import.meta.dirname, '../../delivery/breaker.ts'), 'utf8')
  expect(source).toContain(`opens after ${failuresToOpen[0]} failures in a row`)
  expect(source).toContain(`Then ${slowStartLimit} deliveries may be in flight`)
})

test('the table in retry.ts shows the real waits', () => {
  expect(headTable('delivery/retry.ts')).toEqual([
    ...describeSchedule().map(row => [String(row.attempt), `${row.shortest} to ${row.longest}`, row.total]),
    [String(defaultRetrySchedule.length + 1), 'none: the delivery is dead'],
  ])
})

test('probes begin after 5 s, and each failed probe doubles the wait, up to 15 min', () => {
  expect(probeSchedule[0]).toBe(5)
  expect(probeSchedule.at(-1)).toBe(15 * 60)
  for (const [i, wait] of probeSchedule.entries()) {
    if (i > 0) expect(wait).toBe(Math.min(15 * 60, probeSchedule[i - 1]! * 2))
  }
})
