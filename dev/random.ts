// Repeatable randomness: the same number gives the same sequence on every machine. For examples, never for secrets.

export interface Random {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number
  chance(probability: number): boolean
  /** `count` different elements, in random order. */
  pick<T>(from: readonly T[], count: number): T[]
}

/** mulberry32: its 32 bits of state are enough for a thousand orders. */
export function randomFrom(number: number): Random {
  let state = number >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  return {
    between,
    chance: probability => next() < probability,
    pick(from, count) {
      const rest = [...from]
      return Array.from({ length: count }, () => rest.splice(between(0, rest.length - 1), 1)[0]!)
    },
  }
}
