// The table at the end: a line per figure, with the median of all rounds and the spread.
import type { Goal } from '../goals.ts'
import { median, type Results } from '../results.ts'
import { readable } from './numbers.ts'

export function table({ figures, notes }: Results, goals: readonly Goal[]): string {
  const parts = [...new Set(figures.map(figure => figure.scenario))].map(scenario => {
    const rows = figures
      .filter(figure => figure.scenario === scenario)
      .map(({ variant, subject, metric, unit, values }) => [
        variant,
        subject,
        metric,
        readable(median(values)),
        values.length > 1 ? `${readable(Math.min(...values))} … ${readable(Math.max(...values))}` : '',
        unit,
      ])
    return `${scenario}\n${aligned(rows)}`
  })
  const remarks = notes.map(({ scenario, text }) => `${scenario}: ${text}`)
  const goalRows = goals.map(({ scenario, relation, target, actual, reached }) => [
    scenario,
    relation,
    target,
    readable(actual),
    reached ? 'reached' : 'MISSED',
  ])
  return [...parts, ...remarks, ...(goalRows.length > 0 ? [`goals\n${aligned(goalRows)}`] : [])].join('\n\n')
}

/** Columns as wide as their widest cell; numbers are aligned to the right. */
function aligned(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const cell = (text: string, column: number) =>
    /^[\d–]/.test(text) && column >= 3 ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
  return rows.map(row => `  ${row.map(cell).join('  ')}`.trimEnd()).join('\n')
}
