// What options hold, as values. Wrong ones are a mistake of usage.
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { InvalidArgumentError } from 'commander'
import { usageError } from './exit.ts'

const unitSeconds: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  min: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
}

/** `90s`, `30m`, `2h`, `7d`, or a time. Returns a time, as the API takes it. */
export function timeOf(value: string): string {
  const [, number, unit = ''] = /^(\d+)(s|m|min|h|d|w)$/.exec(value) ?? []
  if (number !== undefined)
    return new Date(Date.now() - Number(number) * unitSeconds[unit]! * 1000).toISOString()
  const at = Date.parse(value)
  if (Number.isNaN(at))
    throw new InvalidArgumentError('Expected 2h, 30m or 7d, or a time such as 2026-11-27T10:00:00Z.')
  return new Date(at).toISOString()
}

export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Expected a whole number.')
  return Number(value)
}

export function positive(value: string): number {
  const number = Number(value)
  if (!(number > 0)) throw new InvalidArgumentError('Expected a number above 0.')
  return number
}

/** `@file`, `-` for standard input, or the text itself. */
export async function textOf(value: string): Promise<string> {
  if (value === '-') return text(process.stdin)
  return value.startsWith('@') ? readText(value.slice(1)) : value
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usageError(`The file ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`)
  }
}

/** As with commander: called once for each time the option is given. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]
