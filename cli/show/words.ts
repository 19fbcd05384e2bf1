// How states look to people: a colour each, and a mark for those who see none.
import type { Style } from '../output.ts'

const marks: Readonly<Record<string, readonly [mark: string, style: Style]>> = {
  pending: ['…', 'yellow'],
  sending: ['→', 'cyan'],
  delivered: ['✓', 'green'],
  dead: ['✗', 'red'],
  canceled: ['–', 'dim'],
  active: ['✓', 'green'],
  paused: ['…', 'yellow'],
  disabled: ['✗', 'red'],
  running: ['→', 'cyan'],
  done: ['✓', 'green'],
}

export const stateStyle = (state: string): Style | undefined => marks[state]?.[1]

/** `mark` only on a terminal: scripts compare the word. */
export const stateWord = (state: string, isTerminal: boolean): string =>
  isTerminal ? `${marks[state]?.[0] ?? ' '} ${state}` : state
