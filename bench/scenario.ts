// What a scenario is, and what it is handed.
import type { Ground } from './environment.ts'
import type { Measured } from './results.ts'

export interface Bench {
  readonly ground: Ground
  readonly quick: boolean
  readonly rounds: number
  record(measured: Measured): void
  /** Something a reader of the figures must know. */
  note(text: string): void
}

export interface Scenario {
  readonly name: string
  /** What it answers, in a sentence. */
  readonly question: string
  run(bench: Bench): Promise<void>
}

/**
 * Rounds in which everybody has a turn, beginning with another one each time: what the machine does meanwhile hits all
 * alike, and nobody always runs behind the same neighbour.
 */
export async function takeTurns<T>(
  rounds: number,
  participants: readonly T[],
  turn: (participant: T) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < participants.length; i++) {
      await turn(participants[(i + round) % participants.length]!)
    }
  }
}
