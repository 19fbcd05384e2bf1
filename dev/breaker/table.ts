// `npm run breaker`: what breaker and retry schedule do for receivers that do not accept everything at once, against no
// breaker. The table of docs/delivery.md.
import { duration } from '../../delivery/wait.ts'
import { helpIfAsked } from '../program.ts'
import { cases } from './receivers.ts'
import { type Outcome, type Setup, simulate } from './simulate.ts'

export const head = [
  'receiver',
  '99 % delivered after',
  'without a breaker',
  'refused requests',
  'without a breaker',
  'dead',
  'without a breaker',
]

export function rows(): string[][] {
  return cases.map(({ name, setup }) => {
    const ours = simulate(setup())
    const none = simulate({ ...setup(), breaker: 'none' } satisfies Setup)
    const pairs = [delivered, refused, dead].flatMap(show => [show(ours), show(none)])
    return [name, ...pairs]
  })
}

const delivered = ({ almostAllDelivered }: Outcome) =>
  almostAllDelivered === null ? 'never' : duration(rounded(almostAllDelivered))
const refused = (outcome: Outcome) => outcome.refused.toLocaleString('en')
const dead = (outcome: Outcome) => outcome.dead.toLocaleString('en')

/** Seconds say nothing where it takes hours. */
const rounded = (seconds: number) => (seconds < 3600 ? Math.round(seconds) : Math.round(seconds / 60) * 60)

if (import.meta.main) {
  helpIfAsked(
    'npm run breaker\n\nPrints what breaker and retry schedule do for many kinds of receivers: the table of docs/delivery.md.',
  )
  const width = (column: number) => Math.max(...table.map(row => row[column]!.length))
  const table = [head, ...rows()]
  for (const row of table) console.log(row.map((cell, i) => cell.padEnd(width(i))).join('  '))
}
