// The rule of sleep against a model: a database that suspends itself, writers with and without the API, crashes. In ten
// thousand random schedules nothing is lost or late, and an idle day costs hardly any time awake.
import { describe, expect, test } from 'vitest'
import { roundingMs } from '../../../delivery/sleep.ts'
import { type SleepCommand, SleepRule } from '../../../worker/sleep/sleep-rule.ts'
import { randomOf } from '../../support/random.ts'

const minute = 60_000
const hour = 60 * minute

/** Neon suspends a compute this long after the last statement. */
const suspendAfterMs = 5 * minute
const sleepAfterMs = minute
/** From sleep to the first statement: the compute starts, the listener connects. */
const maxStartMs = 1_500
const maxLookMs = 800
const maxStopMs = 700
const maxRingMs = 200

interface Write {
  readonly at: number
  /** Through the API, which rings afterwards. */
  readonly rings: boolean
  deliveredAt: number | null
}

/** Times are virtual. What happens next is what was planned for the earliest moment. */
class World {
  now = 0
  awakeMs = 0
  crashes = 0
  readonly writes: Write[] = []
  /** Retries that wait: when each is due. */
  readonly retries: number[] = []
  readonly #random: () => number
  readonly #lookEveryMs: number
  #rule: SleepRule
  /** Of the process: what an older one has planned comes to nothing. */
  #process = 0
  #lastWorkAt = 0
  #awakeUntil = 0
  #plan: { at: number; run: () => void }[] = []

  constructor(random: () => number, lookEveryMs: number) {
    this.#random = random
    this.#lookEveryMs = lookEveryMs
    this.#rule = new SleepRule({ lookEveryMs })
    this.#do('start')
  }

  at(at: number, run: () => void) {
    this.#plan.push({ at, run })
  }

  write(rings: boolean) {
    this.#useDatabase()
    this.writes.push({ at: this.now, rings, deliveredAt: null })
    if (rings) this.#within(maxRingMs, () => this.#step('ring'))
    this.#deliver()
  }

  crash() {
    this.crashes++
    this.#process++
    this.#rule = new SleepRule({ lookEveryMs: this.#lookEveryMs })
    this.#do('start')
  }

  runUntil(end: number) {
    for (;;) {
      let next = -1
      for (let i = 0; i < this.#plan.length; i++)
        if (this.#plan[i]!.at <= end && (next < 0 || this.#plan[i]!.at < this.#plan[next]!.at)) next = i
      if (next < 0) break
      const [{ at, run }] = this.#plan.splice(next, 1) as [{ at: number; run: () => void }]
      this.now = Math.max(this.now, at)
      run()
    }
    this.now = end
    this.#useDatabase(0)
  }

  #step(name: 'started' | 'quiet' | 'stopped' | 'look failed' | 'time' | 'ring') {
    this.#do(this.#rule.step({ name }, this.now))
  }

  #do(command: SleepCommand) {
    const { state } = this.#rule
    if (command === 'start') this.#within(maxStartMs, () => this.#wakeUp())
    if (command === 'stop') this.#within(maxStopMs, () => this.#step('stopped'))
    if (command === 'look') this.#look()
    if (command === 'wait' && state.name === 'asleep') this.#alive(state.until, () => this.#step('time'))
  }

  #wakeUp() {
    this.#step('started')
    this.#lastWorkAt = this.now
    this.#deliver()
    this.#rest()
  }

  /** Awake it does what is due, by heartbeat and notification, until it has been quiet for long enough. */
  #rest() {
    const next = Math.min(
      this.#lastWorkAt + sleepAfterMs,
      ...this.retries.map(due => Math.max(due, this.now + 1)),
    )
    this.#alive(next, () => {
      if (this.#rule.state.name !== 'awake') return
      this.#useDatabase()
      this.#deliver()
      if (this.now >= this.#lastWorkAt + sleepAfterMs) this.#step('quiet')
      else this.#rest()
    })
  }

  /** The snapshot is taken at some moment before the answer comes. Now and then none comes. */
  #look() {
    const answeredAt = this.now + this.#random() * maxLookMs
    this.#alive(this.now + (answeredAt - this.now) * this.#random(), () => {
      this.#useDatabase()
      const due = [
        ...this.writes.filter(({ deliveredAt }) => deliveredAt === null).map(() => 0),
        ...this.retries.map(at => at - this.now),
      ]
      const dueInMs = due.length === 0 ? null : Math.min(...due)
      const fails = this.#random() < 0.05
      this.#alive(answeredAt, () => {
        if (fails) this.#step('look failed')
        else this.#do(this.#rule.step({ name: 'looked', dueInMs }, this.now))
      })
    })
  }

  #deliver() {
    if (!['awake', 'stopping'].includes(this.#rule.state.name)) return
    // One that stops takes nothing new any more.
    if (this.#rule.state.name === 'stopping') return
    for (const write of this.writes) {
      if (write.deliveredAt !== null) continue
      write.deliveredAt = this.now
      this.#lastWorkAt = this.now
      if (this.#random() < 0.2) this.retries.push(this.now + this.#random() * hour)
    }
    for (let i = this.retries.length - 1; i >= 0; i--) {
      if (this.retries[i]! > this.now) continue
      this.retries.splice(i, 1)
      this.#lastWorkAt = this.now
    }
  }

  #within(maxMs: number, run: () => void) {
    this.#alive(this.now + this.#random() * maxMs, run)
  }

  /** Only if the process still lives then. */
  #alive(at: number, run: () => void) {
    const process = this.#process
    this.at(at, () => this.#process === process && run())
  }

  /** The compute is awake from here until it has been idle for so long. An awake listener keeps it awake. */
  #useDatabase(forMs = suspendAfterMs) {
    const from = Math.max(this.now, this.#awakeUntil)
    const until = this.now + forMs
    if (until > from) this.awakeMs += until - from
    this.#awakeUntil = Math.max(this.#awakeUntil, until)
  }
}

const lookEveryMs = hour

test('in 10,000 random schedules of rings, writes, crashes and lost answers nothing is lost, and what was rung for comes within 3 s', () => {
  let delivered = 0
  for (let seed = 1; seed <= 10_000; seed++) {
    const random = randomOf(seed)
    const world = new World(random, lookEveryMs)
    const end = 6 * hour
    // Some come close together, while it falls asleep.
    for (let n = 0; n < 6; n++) {
      const at = random() * end
      const rings = random() < 0.7
      world.at(at, () => world.write(rings))
      if (random() < 0.5) world.at(at + sleepAfterMs + random() * 2_000, () => world.write(random() < 0.7))
    }
    const crashAt = random() < 0.3 ? random() * end : null
    if (crashAt !== null) world.at(crashAt, () => world.crash())
    world.runUntil(end + 3 * lookEveryMs)
    for (const { at, rings, deliveredAt } of world.writes) {
      expect(deliveredAt, `seed ${seed}: written at ${at}`).not.toBeNull()
      const wait = deliveredAt! - at
      // A look whose answer is lost comes again after five seconds.
      expect(wait, `seed ${seed}: written at ${at}`).toBeLessThanOrEqual(lookEveryMs + 60_000)
      const nearCrash = crashAt !== null && Math.abs(crashAt - at) < 5_000
      if (rings && !nearCrash) expect(wait, `seed ${seed}: rung at ${at}`).toBeLessThanOrEqual(3_000)
      delivered++
    }
  }
  expect(delivered).toBeGreaterThan(60_000)
})

describe('an idle day', () => {
  test.each([
    ['an hourly', hour, 0.15],
    ['a six-hourly', 6 * hour, 0.03],
  ])('with %s look is hardly any time awake', (_, every, share) => {
    const world = new World(randomOf(7), every)
    world.runUntil(24 * hour)
    expect(world.awakeMs / (24 * hour)).toBeLessThanOrEqual(share)
    expect(world.awakeMs).toBeGreaterThan(0)
  })
})

describe('the rule', () => {
  /** A rule that has fallen asleep at time 0. */
  function asleep(dueInMs: number | null): SleepRule {
    const rule = new SleepRule({ lookEveryMs })
    for (const name of ['started', 'quiet', 'stopped'] as const) rule.step({ name }, 0)
    expect(rule.step({ name: 'looked', dueInMs }, 0)).toBe('wait')
    return rule
  }

  test.each<[string, number | null, number]>([
    ['nothing waits', null, lookEveryMs],
    ['something is due soon', 20_000, 20_000],
    ['something is due in seven minutes', 7 * minute, 2 * roundingMs],
    ['something is due after the next look', 5 * hour, lookEveryMs],
  ])('where %s, it looks at the right time', (_, dueInMs, until) => {
    expect(asleep(dueInMs).state).toEqual({ name: 'asleep', until })
  })

  test('a ring wakes it; one that came while it let go or looked wakes it right after', () => {
    expect(asleep(null).step({ name: 'ring' }, 5)).toBe('start')
    const rule = new SleepRule({ lookEveryMs })
    for (const name of ['started', 'quiet', 'ring', 'stopped'] as const) rule.step({ name }, 0)
    expect(rule.step({ name: 'looked', dueInMs: null }, 0)).toBe('start')
    const later = asleep(null)
    expect(later.step({ name: 'time' }, lookEveryMs)).toBe('look')
    expect(later.step({ name: 'ring' }, lookEveryMs)).toBeNull()
    expect(later.step({ name: 'looked', dueInMs: null }, lookEveryMs)).toBe('start')
  })

  test('a timer that comes early is set again', () => {
    const rule = asleep(20_000.5)
    expect(rule.step({ name: 'time' }, 20_000)).toBe('wait')
    expect(rule.step({ name: 'time' }, 20_001)).toBe('look')
  })

  test('a ring from before it began to let go does not keep it awake', () => {
    const rule = new SleepRule({ lookEveryMs })
    for (const name of ['started', 'ring', 'quiet', 'stopped'] as const) rule.step({ name }, 0)
    expect(rule.step({ name: 'looked', dueInMs: null }, 0)).toBe('wait')
  })

  test('a look that nobody answered is made again soon', () => {
    const rule = new SleepRule({ lookEveryMs })
    for (const name of ['started', 'quiet', 'stopped'] as const) rule.step({ name }, 0)
    expect(rule.step({ name: 'look failed' }, 0)).toBe('wait')
    expect(rule.state).toEqual({ name: 'asleep', until: 5_000 })
  })
})
