// One thing in full: a name and a value in each line.
import type { Output } from '../output.ts'
import { oneLine } from '../output.ts'

export type Fields = Readonly<Record<string, unknown>>

/** What is not set is left out. Objects become JSON. */
export function fieldLines(fields: Fields, out: Output): string[] {
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => {
    const label = process.stdout.isTTY ? `${out.style('dim', name.padEnd(width))}  ` : `${name}\t`
    return label + oneLine(valueText(value))
  })
}

function valueText(value: unknown): string {
  if (Array.isArray(value) && value.every(item => typeof item !== 'object')) return value.join(', ')
  return typeof value === 'object' ? JSON.stringify(value, bigints) : String(value)
}

const bigints = (_name: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
