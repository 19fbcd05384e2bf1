// The figures of a run. Each has one value per round, and is reported as median and spread.

export interface Figure {
  readonly scenario: string
  /** The varied condition: `20 endpoints`, `200 per second`. */
  readonly variant: string
  readonly subject: string
  readonly metric: string
  readonly unit: string
  /** One per round. */
  readonly values: number[]
}

/** One value, as a scenario records it. */
export type Measured = Omit<Figure, 'scenario' | 'values'> & { readonly value: number }

export class Results {
  readonly figures: Figure[] = []
  /** What a reader of the figures should know. */
  readonly notes: { scenario: string; text: string }[] = []

  add(scenario: string, { value, ...labels }: Measured): void {
    const same = (figure: Figure) =>
      figure.scenario === scenario &&
      figure.variant === labels.variant &&
      figure.subject === labels.subject &&
      figure.metric === labels.metric
    const known = this.figures.find(same)
    if (known) known.values.push(value)
    else this.figures.push({ scenario, ...labels, values: [value] })
  }

  /** NaN for a figure that was not measured: a goal computed from it is NaN too, and left out. */
  median(scenario: string, variant: string, subject: string, metric: string): number {
    const figure = this.figures.find(
      f => f.scenario === scenario && f.variant === variant && f.subject === subject && f.metric === metric,
    )
    return figure ? median(figure.values) : Number.NaN
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The smallest value that `percent` % of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}
