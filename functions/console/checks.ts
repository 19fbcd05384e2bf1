// The checks of the capture, as people call them, and with the unit of what was measured.
import type { CaptureCheck } from '../../drizzle/capture-health.ts'
import { type Child, foreign, type Html, list, number, state } from './parts.ts'
import { count, duration, percent } from './words.ts'

type Measured = (value: number) => string

const rounded: Measured = value => (Number.isInteger(value) ? count(value) : String(+value.toFixed(3)))

/** Where they stand in the API. One that is not here goes by its name. */
const checks: Readonly<Record<string, readonly [words: string, measured?: Measured]>> = {
  notify_queue_usage: ['Queue of notifications', value => percent(value, 1)],
  oldest_unfanned_seconds: ['Oldest event without deliveries', duration],
  oldest_transaction_seconds: ['Oldest transaction', duration],
  sequence_cache: ['Cache of the sequence'],
  failed_captures: ['Failed captures, last 24 hours'],
}

/** `broken_triggers` → Broken triggers */
export const checkWords = (name: string): string =>
  checks[name]?.[0] ?? `${name[0]!.toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`

const measured = ({ name, value }: CaptureCheck): Child =>
  number(value, (checks[name]?.[1] ?? rounded)(value))

export const checkTable = (rows: readonly CaptureCheck[]): Html =>
  list(
    'Capture checks',
    [
      { title: 'Check', kind: 'main', cell: ({ name }) => checkWords(name) },
      {
        title: 'State',
        cell: ({ healthy }) => (healthy ? state('tick', 'Holds') : state('cross', 'Look at it')),
      },
      { title: 'Measured', kind: 'num', label: 'Measured', cell: measured },
      { title: 'What it says', kind: 'wide', cell: ({ advice }) => foreign(advice) },
    ],
    rows,
  )
