// Input series as `promtool test rules` writes them: `outbox_in_flight{instance="a"}` with the values `0+1x10 _ _ 5`.

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels: Labels
  readonly value: number
}

export interface Series {
  readonly labels: Labels
  /** One for each interval from time 0 on; null = the series was not there. */
  readonly values: readonly (number | null)[]
}

/** The name of a metric is the label `__name__`. */
export function parseSeries(series: string, values: string): Series {
  const [, name = '', inBraces = ''] = /^([\w:]+)(?:\{(.*)\})?$/.exec(series.trim()) ?? []
  if (name === '') throw new Error(`this is no series: ${series}`)
  const labels = Array.from(inBraces.matchAll(/(\w+)="([^"]*)"/g), ([, label, value]) => [label, value])
  return {
    labels: { __name__: name, ...Object.fromEntries(labels) },
    values: values.trim().split(/\s+/).flatMap(expand),
  }
}

/** `a+bxn` is a, and then n more values that each rise by b; `axn` is a, and n more times a; `_xn` is nothing n times. */
function expand(text: string): (number | null)[] {
  const gap = /^_(?:x(\d+))?$/.exec(text)
  if (gap) return Array(Number(gap[1] ?? 1)).fill(null)
  const [, first, step = '0', times = '0'] = /^(-?[\d.e]+)([+-][\d.e]+)?(?:x(\d+))?$/.exec(text) ?? []
  if (first === undefined) throw new Error(`these are no values: ${text}`)
  return Array.from({ length: Number(times) + 1 }, (_, n) => Number(first) + n * Number(step))
}

/** `1h30m` → 5400. */
export function parseDuration(text: string): number {
  const unitSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
  const parts = [...text.matchAll(/([\d.]+)(ms|[smhdw])/g)]
  if (parts.map(([part]) => part).join('') !== text) throw new Error(`this is no duration: ${text}`)
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitSeconds[unit!]!, 0)
}
