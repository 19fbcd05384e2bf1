// Every figure that was measured, and what becomes of several rounds: the median and the spread.

export interface Figure {
  readonly scenario: string
  /** What was varied: `20 endpoints`, `200 per second`. */
  readonly variant: string
  readonly contestant: string
  readonly metric: string
  readonly unit: string
  /** One for each round. */
  readonly values: number[]
}

/** What a scenario says about one value. */
export type Measured = Omit<Figure, 'scenario' | 'values'> & { readonly value: number }

export class Results {
  readonly figures: Figure[] = []
  /** What a reader of the figures must know. */
  readonly notes: { scenario: string; text: string }[] = []

  add(scenario: string, { value, ...labels }: Measured): void {
    const same = (figure: Figure) =>
      figure.scenario === scenario &&
      figure.variant === labels.variant &&
      figure.contestant === labels.contestant &&
      figure.metric === labels.metric
    const known = this.figures.find(same)
    if (known) known.values.push(value)
    else this.figures.push({ scenario, ...labels, values: [value] })
  }

  /** NaN where nothing was measured: whatever is computed from it is NaN too, and so no claim. */
  median(scenario: string, variant: string, contestant: string, metric: string): number {
    const figure = this.figures.find(
      f =>
        f.scenario === scenario &&
        f.variant === variant &&
        f.contestant === contestant &&
        f.metric === metric,
    )
    return figure ? median(figure.values) : Number.NaN
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The smallest value that so many percent do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}
