// The table at the end: the median of all rounds and the spread of every figure, and what follows from them.
import type { Goal } from '../goals.ts'
import { conclusion, pointsOf } from '../jumps.ts'
import { type Figure, median, type Results } from '../results.ts'
import { readable } from './numbers.ts'
import { pivot } from './pivot.ts'

export function table(results: Results, goals: readonly Goal[]): string {
  const { figures, notes } = results
  const parts = [...new Set(figures.map(figure => figure.scenario))].map(scenario => {
    const own = figures.filter(figure => figure.scenario === scenario)
    const wide = pivot(scenario, own)
    const rows = wide ? aligned(wide, 1) : aligned(own.map(line), 3)
    return [`${scenario}\n${rows}`, ...conclusions(scenario, results, own)].join('\n')
  })
  const remarks = notes.map(({ scenario, text }) => `${scenario}: ${text}`)
  const goalRows = goals.map(({ scenario, relation, target, actual, reached }) => [
    scenario,
    relation,
    target,
    readable(actual),
    reached ? 'reached' : 'MISSED',
  ])
  return [...parts, ...remarks, ...(goalRows.length > 0 ? [`goals\n${aligned(goalRows, 3)}`] : [])].join(
    '\n\n',
  )
}

const line = ({ variant, subject, metric, unit, values }: Figure): string[] => [
  variant,
  subject,
  metric,
  readable(median(values)),
  values.length > 1 ? `${readable(Math.min(...values))} … ${readable(Math.max(...values))}` : '',
  unit,
]

function conclusions(scenario: string, results: Results, figures: readonly Figure[]): string[] {
  if (scenario !== 'sweep') return []
  const subjects = [...new Set(figures.map(({ subject }) => subject))]
  return subjects.map(subject => `  ${conclusion(subject, pointsOf(results, subject))}`)
}

/** Columns as wide as their widest cell; from the column `firstNumber` on, numbers are aligned to the right. */
function aligned(rows: readonly string[][], firstNumber: number): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const cell = (text: string, column: number) =>
    /^[-\d–]/.test(text) && column >= firstNumber
      ? text.padStart(widths[column]!)
      : text.padEnd(widths[column]!)
  return rows.map(row => `  ${row.map(cell).join('  ')}`.trimEnd()).join('\n')
}
