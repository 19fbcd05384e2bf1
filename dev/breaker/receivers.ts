// Receivers that do not accept everything at once, each in its own way, for the simulation of breaker and retry schedule.
import type { Answer, Receiver, Setup } from './simulate.ts'

const accepted: Answer = { accepts: true }
const refused: Answer = { accepts: false }
const answer = (accepts: boolean): Answer => (accepts ? accepted : refused)

const minute = 60
const hour = 3600
const day = 86_400

/** A cold cache behind it, or an idempotency race. */
export const refusesFirst =
  (tries: number): Receiver =>
  webhook =>
    answer(webhook.tries > tries)

export const refusesAtRandom =
  (probability: number): Receiver =>
  (_webhook, _now, chance) =>
    answer(!chance(probability))

/** One webhook in `n` is of a type, or of a size, that it accepts. */
const acceptsOneIn =
  (n: number): Receiver =>
  webhook =>
    answer(webhook.id % n === 0)

const refusesKeys =
  (...keys: string[]): Receiver =>
  webhook =>
    answer(!keys.includes(webhook.key!))

export const downFor =
  (seconds: number): Receiver =>
  (_webhook, now) =>
    answer(now >= seconds)

const flaps =
  (upSeconds: number, downSeconds: number): Receiver =>
  (_webhook, now) =>
    answer(now % (upSeconds + downSeconds) < upSeconds)

/** So many a second, which may come at once. It remembers, so each simulation needs its own. */
function acceptsPerSecond(rate: (now: number) => number, beyond: Answer): Receiver {
  let [tokens, at] = [0, 0]
  return (_webhook, now) => {
    const current = rate(now)
    tokens = Math.min(Math.max(1, current), tokens + (now - at) * current)
    at = now
    if (tokens < 1) return beyond
    tokens--
    return accepted
  }
}

/** After an outage of ten minutes it accepts one request a second more with each minute. */
const warmsUp = () => acceptsPerSecond(now => Math.max(0, (now - 10 * minute) / minute), refused)
const throttles = (answer: Omit<Answer, 'accepts'>) =>
  acceptsPerSecond(() => 10, { ...answer, accepts: false })

const keyOf = (id: number) => `key${id % 10}`

export interface Case {
  readonly name: string
  /** Every webhook is accepted within its schedule. */
  readonly acceptsAll: boolean
  /** Made anew for each run, because receivers remember. */
  setup(): Setup
}

const burst = { webhooks: 2000 }
const flow = { webhooks: 2000, spacing: 1 }

const acceptsAll = (name: string, setup: () => Setup): Case => ({ name, acceptsAll: true, setup })
const acceptsSome = (name: string, setup: () => Setup): Case => ({ name, acceptsAll: false, setup })

export const cases: readonly Case[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(n =>
    acceptsAll(`refuses the first ${n === 1 ? 'try' : `${n} tries`} of each`, () => ({
      ...burst,
      receiver: refusesFirst(n),
    })),
  ),
  acceptsAll('refuses the first 2 tries of each, 5,097 at once', () => ({
    webhooks: 5097,
    receiver: refusesFirst(2),
  })),
  acceptsAll('refuses the first 2 tries of each, 1/s', () => ({ ...flow, receiver: refusesFirst(2) })),
  acceptsAll('refuses the first 2 tries of each, in order of 10 keys', () => ({
    webhooks: 200,
    key: keyOf,
    receiver: refusesFirst(2),
  })),
  ...[10, 50, 70, 90].map(percent =>
    acceptsSome(`refuses ${percent} % at random`, () => ({
      ...burst,
      receiver: refusesAtRandom(percent / 100),
    })),
  ),
  acceptsSome('refuses a type: half of all', () => ({ ...burst, receiver: acceptsOneIn(2) })),
  acceptsSome('refuses by size: 9 of 10', () => ({ ...burst, receiver: acceptsOneIn(10) })),
  acceptsSome('refuses by size: the first 1,800 of 2,000, 1/s', () => ({
    ...flow,
    receiver: webhook => answer(webhook.id >= 1800),
  })),
  acceptsSome('refuses 1 key of 10, in order', () => ({
    webhooks: 500,
    key: keyOf,
    receiver: refusesKeys('key3'),
  })),
  acceptsSome('refuses 9 keys of 10, in order', () => ({
    webhooks: 500,
    key: keyOf,
    receiver: webhook => answer(webhook.key === 'key3'),
  })),
  acceptsAll('down 10 min, then 1/s more each minute, 1/s', () => ({ ...flow, receiver: warmsUp() })),
  acceptsAll('10/s, else 429', () => ({ ...burst, receiver: throttles({ throttled: true }) })),
  acceptsAll('10/s, else 429 with Retry-After: 1', () => ({
    ...burst,
    receiver: throttles({ throttled: true, retryAfter: 1 }),
  })),
  acceptsAll('10/s, else 500', () => ({ ...burst, receiver: throttles({}) })),
  ...[
    ['1 h', hour],
    ['6 h', 6 * hour],
    ['1 day', day],
    ['3 days', 3 * day],
  ].map(([text, seconds]) =>
    acceptsAll(`down ${text}, 1/s`, () => ({ ...flow, receiver: downFor(seconds as number) })),
  ),
  acceptsAll('down 1 h, 2,000 at once', () => ({ ...burst, receiver: downFor(hour) })),
  acceptsSome('10 min up, 10 min down, 1/s', () => ({
    ...flow,
    receiver: flaps(10 * minute, 10 * minute),
  })),
  acceptsSome('1 min up, 1 min down, 1/s', () => ({ ...flow, receiver: flaps(minute, minute) })),
]
