// A scenario, and the tools it gets.
import type { Environment } from './environment.ts'
import type { Measured } from './results.ts'

export interface Bench {
  readonly environment: Environment
  readonly quick: boolean
  readonly rounds: number
  record(measured: Measured): void
  /** For the reader of the figures. */
  note(text: string): void
}

export interface Scenario {
  readonly name: string
  /** The question it answers, in a sentence. */
  readonly question: string
  run(bench: Bench): Promise<void>
}

/**
 * Gives each participant a turn in every round. Each round begins with another participant, so that the machine's
 * disturbances affect all alike, and none always follows the same neighbour.
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
