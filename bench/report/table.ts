// The table at the end: a line for each figure, with the median of all rounds and the spread.
import type { Goal } from '../goals.ts'
import { median, type Results } from '../results.ts'
import { readable } from './numbers.ts'

export function table({ figures, notes }: Results, goals: readonly Goal[]): string {
  const parts = [...new Set(figures.map(figure => figure.scenario))].map(scenario => {
    const rows = figures
      .filter(figure => figure.scenario === scenario)
      .map(({ variant, contestant, metric, unit, values }) => [
        variant,
        contestant,
        metric,
        readable(median(values)),
        values.length > 1 ? `${readable(Math.min(...values))} … ${readable(Math.max(...values))}` : '',
        unit,
      ])
    return `${scenario}\n${aligned(rows)}`
  })
  const said = notes.map(({ scenario, text }) => `${scenario}: ${text}`)
  const aims = goals.map(({ scenario, says, wanted, seen, reached }) => [
    scenario,
    says,
    wanted,
    readable(seen),
    reached ? 'reached' : 'MISSED',
  ])
  return [...parts, ...said, ...(aims.length > 0 ? [`goals\n${aligned(aims)}`] : [])].join('\n\n')
}

/** Columns as wide as their widest cell; what looks like a number stands on the right. */
function aligned(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const cell = (text: string, column: number) =>
    /^[\d–]/.test(text) && column >= 3 ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
  return rows.map(row => `  ${row.map(cell).join('  ')}`.trimEnd()).join('\n')
}
