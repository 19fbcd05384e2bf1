// Which one is it? The last two hours of an endpoint in one line of its row: what was delivered goes up, what failed hangs down on a
// scale of its own, because ten failures among four hundred successes would be two pixels.
import { html } from 'hono/html'
import type { Series } from '../system/series/schema.ts'
import type { Html } from './parts.ts'
import { count } from './words.ts'

export const sparkMinutes = 120
export const sparkBucket = '5m'

const step = 4
const bar = 3
const baseline = 16
const below = 9

export function spark({ attempts = {}, times }: Series): Html {
  const delivered = attempts.delivered ?? times.map(() => 0)
  const failures = Object.entries(attempts).filter(([outcome]) => outcome !== 'delivered')
  const failed = times.map((_, i) => sum(failures.map(([, values]) => values[i] ?? 0)))
  const [up, down] = [heights(delivered, baseline - 1), heights(failed, below)]
  const says = `Last 2 hours: ${count(sum(delivered))} delivered, ${count(sum(failed))} failed`
  return html`<svg class="spark" role="img" aria-label="${says}" viewBox="0 0 ${times.length * step} ${baseline + below + 1}" preserveAspectRatio="none"><path d="M0 ${baseline}H${times.length * step}"/>${times.map(
    (_, i) => html`${rect('up', i, baseline - up[i]!, up[i]!)}${rect('down', i, baseline + 1, down[i]!)}`,
  )}</svg>`
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

/** At least a pixel for what is not nothing. */
function heights(values: readonly number[], most: number): number[] {
  const highest = Math.max(1, ...values)
  return values.map(value => (value <= 0 ? 0 : Math.max(1, Math.round((value / highest) * most))))
}

const rect = (kind: string, i: number, y: number, height: number): Html | '' =>
  height === 0 ? '' : html`<rect class="${kind}" x="${i * step}" y="${y}" width="${bar}" height="${height}"/>`
