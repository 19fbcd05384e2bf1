// A small reader of PromQL, for testing rules where there is no promtool: Prometheus's own grammar, and as much of the meaning
// as our rules use. Whatever it does not know it refuses.

import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { calculate, combine, type Value, withoutName } from './operators.ts'
import { delta, increase, type Point, predictLinear, quantile, rate } from './range-functions.ts'
import { type Labels, parseDuration, type Sample, type Series } from './series.ts'

/** How long a series is taken to be there after its last sample. */
const stalenessSeconds = 300

export interface World {
  readonly series: readonly Series[]
  readonly intervalSeconds: number
}

/** The value of an expression at this second. */
export function evaluate(expression: string, world: World, at: number): Value {
  return new Evaluation(expression, world, at).value(rootOf(expression))
}

/** The names of all metrics that an expression reads. */
export function metricsIn(expression: string): Set<string> {
  const names = new Set<string>()
  rootOf(expression)
    .cursor()
    .iterate(({ name, from, to }) => {
      if (name === 'Identifier') names.add(expression.slice(from, to))
    })
  return names
}

function rootOf(expression: string): SyntaxNode {
  const root = parser.parse(expression).topNode
  root.cursor().iterate(({ type, from }) => {
    if (type.isError) throw new Error(`this is no PromQL, at ${from}: ${expression}`)
  })
  return root.firstChild!
}

class Evaluation {
  readonly #text: string
  readonly #world: World
  readonly #at: number

  constructor(text: string, world: World, at: number) {
    this.#text = text
    this.#world = world
    this.#at = at
  }

  value(node: SyntaxNode): Value {
    switch (node.name) {
      case 'NumberDurationLiteral':
        return Number(this.#of(node))
      case 'ParenExpr':
        return this.value(node.firstChild!)
      case 'VectorSelector':
        return this.#instant(node)
      case 'AggregateExpr':
        return this.#aggregate(node)
      case 'FunctionCall':
        return this.#call(node)
      case 'BinaryExpr':
        return this.#binary(node)
      default:
        throw new Error(`this reader does not know ${node.name}: ${this.#of(node)}`)
    }
  }

  #of({ from, to }: { from: number; to: number }): string {
    return this.#text.slice(from, to)
  }

  #vector(node: SyntaxNode): Sample[] {
    const value = this.value(node)
    if (typeof value === 'number') throw new Error(`expected a vector: ${this.#of(node)}`)
    return value
  }

  #number(node: SyntaxNode): number {
    const value = this.value(node)
    if (typeof value !== 'number') throw new Error(`expected a number: ${this.#of(node)}`)
    return value
  }

  #selected(node: SyntaxNode): Series[] {
    const name = this.#of(node.getChild('Identifier')!)
    const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(
      matcher => this.#matcher(matcher),
    )
    return this.#world.series.filter(
      ({ labels }) => labels.__name__ === name && matchers.every(matches => matches(labels)),
    )
  }

  #matcher(node: SyntaxNode): (labels: Labels) => boolean {
    const label = this.#of(node.getChild('LabelName')!)
    const wanted = this.#of(node.getChild('StringLiteral')!).slice(1, -1)
    const pattern = new RegExp(`^(?:${wanted})$`)
    const isMet: Record<string, (value: string) => boolean> = {
      '=': value => value === wanted,
      '!=': value => value !== wanted,
      '=~': value => pattern.test(value),
      '!~': value => !pattern.test(value),
    }
    const meets = isMet[this.#of(node.getChild('MatchOp')!)]!
    return labels => meets(labels[label] ?? '')
  }

  /** Of one series, after `from` and up to now. */
  #points({ values }: Series, from: number): Point[] {
    return values
      .map((value, i) => ({ at: i * this.#world.intervalSeconds, value }))
      .filter((point): point is Point => point.value !== null && point.at > from && point.at <= this.#at)
  }

  #instant(node: SyntaxNode): Sample[] {
    return this.#selected(node).flatMap(series => {
      const last = this.#points(series, this.#at - stalenessSeconds).at(-1)
      return last ? { labels: series.labels, value: last.value } : []
    })
  }

  /** Applies a function to the samples of each series in the range. */
  #overRange(
    node: SyntaxNode,
    compute: (points: Point[], range: { from: number; to: number }) => number | null,
  ) {
    const seconds = parseDuration(this.#of(node.getChild('DurationExpr')!))
    const range = { from: this.#at - seconds, to: this.#at }
    return this.#selected(node.getChild('VectorSelector')!).flatMap(series => {
      const value = compute(this.#points(series, range.from), range)
      return value === null ? [] : { labels: withoutName(series.labels), value }
    })
  }

  #aggregate(node: SyntaxNode): Sample[] {
    const operators: Record<string, (values: number[]) => number> = {
      sum: values => values.reduce((sum, value) => sum + value, 0),
      max: values => Math.max(...values),
      min: values => Math.min(...values),
      count: values => values.length,
    }
    const operator = operators[this.#of(node.getChild('AggregateOp')!)]
    const modifier = node.getChild('AggregateModifier')
    if (!operator || (modifier && !modifier.getChild('By')))
      throw new Error(`this reader does not know ${this.#of(node)}`)
    const by = this.#labelNames(modifier)
    const groups = Map.groupBy(this.#vector(node.getChild('FunctionCallBody')!.firstChild!), ({ labels }) =>
      JSON.stringify(by.map(label => [label, labels[label] ?? ''])),
    )
    return Array.from(groups, ([key, members]) => ({
      labels: Object.fromEntries(JSON.parse(key).filter(([, value]: string[]) => value !== '')),
      value: operator(members.map(({ value }) => value)),
    }))
  }

  #labelNames(node: SyntaxNode | null): string[] {
    return (node?.getChild('GroupingLabels')?.getChildren('LabelName') ?? []).map(name => this.#of(name))
  }

  #call(node: SyntaxNode): Value {
    const body = node.getChild('FunctionCallBody')!
    const inputs: SyntaxNode[] = []
    for (let child = body.firstChild; child; child = child.nextSibling) inputs.push(child)
    const [first, second] = inputs as [SyntaxNode, SyntaxNode]
    switch (this.#of(node.getChild('FunctionIdentifier')!)) {
      case 'time':
        return this.#at
      case 'vector':
        return [{ labels: {}, value: this.#number(first) }]
      case 'abs':
        return this.#vector(first).map(({ labels, value }) => ({
          labels: withoutName(labels),
          value: Math.abs(value),
        }))
      case 'absent':
        return this.#vector(first).length > 0 ? [] : [{ labels: {}, value: 1 }]
      case 'rate':
        return this.#overRange(first, rate)
      case 'increase':
        return this.#overRange(first, increase)
      case 'delta':
        return this.#overRange(first, delta)
      case 'predict_linear':
        return this.#overRange(first, points => predictLinear(points, this.#at, this.#number(second)))
      case 'histogram_quantile':
        return histogramQuantile(this.#number(first), this.#vector(second))
      default:
        throw new Error(`this reader does not know ${this.#of(node)}`)
    }
  }

  #binary(node: SyntaxNode): Value {
    const [left, right] = [node.firstChild!, node.lastChild!]
    const operator = this.#of(left.nextSibling!)
    const matching = node.getChild('MatchingModifierClause')
    if (matching && !matching.getChild('On'))
      throw new Error(`this reader does not know ${this.#of(matching)}`)
    const on = matching && this.#labelNames(matching)
    const keyOf = ({ labels }: Sample) =>
      JSON.stringify(
        Object.entries(withoutName(labels))
          .filter(([label]) => on === null || on.includes(label))
          .sort(),
      )
    if (['and', 'or', 'unless'].includes(operator))
      return combine(operator, this.#vector(left), this.#vector(right), keyOf)
    return calculate(operator, this.value(left), this.value(right), keyOf)
  }
}

function histogramQuantile(q: number, samples: readonly Sample[]): Sample[] {
  const groups = Map.groupBy(samples, ({ labels: { le, __name__, ...others } }) => JSON.stringify(others))
  return Array.from(groups, ([key, members]) => ({
    labels: JSON.parse(key),
    value: quantile(
      q,
      members.map(({ labels, value }) => ({
        bound: Number(labels.le!.replace('+Inf', 'Infinity')),
        count: value,
      })),
    ),
  }))
}
