// A wide table, for scenarios with more figures than anyone compares line by line.
import { type Figure, median } from '../results.ts'
import { readable } from './numbers.ts'

interface Axes {
  row(figure: Figure): string
  column(figure: Figure): string
}

const axes: Readonly<Record<string, Axes>> = {
  cost: { row: f => `${f.variant}, ${f.subject}`, column: f => `${f.metric}, ${f.unit}` },
  sweep: { row: f => f.variant, column: f => `${f.subject} ${f.metric}, ${f.unit}` },
}

/** The first row is the heading. null for a scenario whose figures stand one per line. */
export function pivot(scenario: string, figures: readonly Figure[]): string[][] | null {
  const { row, column } = axes[scenario] ?? {}
  if (!row || !column) return null
  const columns = [...new Set(figures.map(column))]
  const rows = [...new Set(figures.map(row))]
  const cell = (name: string, heading: string) => {
    const figure = figures.find(f => row(f) === name && column(f) === heading)
    return figure ? withSpread(figure) : '–'
  }
  return [['', ...columns], ...rows.map(name => [name, ...columns.map(heading => cell(name, heading))])]
}

function withSpread({ values }: Figure): string {
  const middle = readable(median(values))
  return values.length > 1
    ? `${middle} (${readable(Math.min(...values))}…${readable(Math.max(...values))})`
    : middle
}
