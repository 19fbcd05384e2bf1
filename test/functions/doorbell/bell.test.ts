// The rule of the doorbell against a model: writers with and without the API, alarms that are lost, looks that fail or crash. In ten
// thousand random schedules nothing is lost or late, and an idle day costs hardly any time awake.
import { describe, expect, test } from 'vitest'
import { roundingMs } from '../../../delivery/sleep.ts'
import { type Asked, BellRule, newBell } from '../../../functions/doorbell/bell.ts'
import { randomOf } from '../../support/random.ts'

const minute = 60_000
const hour = 60 * minute

/** Neon suspends a compute this long after the last statement. */
const suspendAfterMs = 5 * minute
const times = { lookEveryMs: hour, maxLookMs: 85_000, minPauseMs: 1_000 }
/** From the alarm to the first statement: the compute starts. */
const maxStartMs = 1_000
const maxLookMs = 700
const maxRingMs = 200

interface Write {
  readonly at: number
  rings: boolean
  deliveredAt: number | null
}

const calm = { fails: 0, crashes: 0, lostAlarms: 0, retries: 0 }

/** Times are virtual. What happens next is what was planned for the earliest moment. */
class World {
  now = 1_800_000_000_000
  awakeMs = 0
  readonly writes: Write[] = []
  /** Retries that wait: when each is due, and when it was sent. */
  readonly retries: { readonly dueAt: number; sentAt: number | null }[] = []
  readonly #random: () => number
  readonly #chances: {
    readonly fails: number
    readonly crashes: number
    readonly lostAlarms: number
    readonly retries: number
  }
  readonly #rule: BellRule
  #alarmAt: number | null = null
  #awakeUntil = 0
  #plan: { at: number; run: () => void }[] = []

  constructor(random: () => number, lookEveryMs: number, chances = calm) {
    this.#random = random
    this.#chances = chances
    this.#rule = new BellRule({ ...times, lookEveryMs }, newBell)
    this.#awakeUntil = this.now
    this.#setAlarm()
    this.#everyMinute()
  }

  at(at: number, run: () => void) {
    this.#plan.push({ at, run })
  }

  /** `rings`: through the API. */
  write(rings: boolean) {
    this.#useDatabase()
    const write = { at: this.now, rings, deliveredAt: null }
    this.writes.push(write)
    if (!rings) return
    this.at(this.now + this.#random() * maxRingMs, () => {
      this.#rule.ring()
      this.#setAlarm()
    })
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

  /** The trigger of the cron function. It is late by some, and now and then it is left out. */
  #everyMinute() {
    this.at(this.now + minute * (0.98 + 0.04 * this.#random()), () => {
      if (this.#random() < 0.95) this.#ask()
      this.#everyMinute()
    })
  }

  #setAlarm() {
    const at = Math.max(this.now, this.#rule.nextAt)
    if (this.#alarmAt === at) return
    this.#alarmAt = at
    this.at(at, () => {
      if (this.#alarmAt !== at) return
      this.#alarmAt = null
      if (this.#random() < this.#chances.lostAlarms) return
      this.#ask()
      this.#setAlarm()
    })
  }

  #ask() {
    const asked = this.#rule.ask(this.now)
    this.#setAlarm()
    if (asked) this.at(this.now + this.#random() * maxStartMs, () => this.#look(asked))
  }

  /** It delivers what its claims find, and then asks what is due next. Some fail, and some end without a word. */
  #look({ token }: Asked) {
    this.#useDatabase()
    const chance = this.#random()
    if (chance < this.#chances.fails) return this.#end(() => this.#rule.failed(token, this.now))
    if (chance < this.#chances.fails + this.#chances.crashes) return
    this.#deliver()
    this.at(this.now + this.#random() * maxLookMs, () => {
      this.#useDatabase()
      const due = [
        ...this.writes.filter(({ deliveredAt }) => deliveredAt === null).map(() => 0),
        ...this.retries.filter(({ sentAt }) => sentAt === null).map(({ dueAt }) => dueAt - this.now),
      ]
      const dueInMs = due.length === 0 ? null : Math.max(5_000, Math.min(...due))
      this.#end(() => this.#rule.looked(token, dueInMs, this.now))
    })
  }

  #end(tell: () => void) {
    this.at(this.now + this.#random() * 100, () => {
      tell()
      this.#setAlarm()
    })
  }

  #deliver() {
    for (const write of this.writes) {
      if (write.deliveredAt !== null) continue
      write.deliveredAt = this.now
      if (this.#random() < this.#chances.retries)
        this.retries.push({ dueAt: this.now + this.#random() * hour, sentAt: null })
    }
    for (const retry of this.retries)
      if (retry.sentAt === null && retry.dueAt <= this.now) retry.sentAt = this.now
  }

  /** The compute is awake from here until it has been idle for so long. */
  #useDatabase(forMs = suspendAfterMs) {
    const from = Math.max(this.now, this.#awakeUntil)
    const until = this.now + forMs
    if (until > from) this.awakeMs += until - from
    this.#awakeUntil = Math.max(this.#awakeUntil, until)
  }
}

test('in 10,000 random schedules of rings, writes, lost alarms, and looks that fail or crash nothing is lost, and what was rung for comes within 3 s', () => {
  let delivered = 0
  let quick = 0
  for (let seed = 1; seed <= 10_000; seed++) {
    const random = randomOf(seed)
    const isCalm = seed % 2 === 0
    const world = new World(
      random,
      hour,
      isCalm ? { ...calm, retries: 0.2 } : { fails: 0.1, crashes: 0.1, lostAlarms: 0.2, retries: 0.2 },
    )
    const start = world.now
    const end = start + 3 * hour
    // Some come close together, while somebody looks.
    for (let n = 0; n < 6; n++) {
      const at = start + random() * 3 * hour
      const rings = random() < 0.7
      world.at(at, () => world.write(rings))
      if (random() < 0.5) world.at(at + random() * 3_000, () => world.write(random() < 0.7))
    }
    world.runUntil(end + 1.6 * hour)
    // A look that crashes is made again when it must be over, and that one may crash too.
    const maxLateMs = isCalm ? 3_000 : 30 * minute
    for (const { at, rings, deliveredAt } of world.writes) {
      expect(deliveredAt, `seed ${seed}: written at ${at - start}`).not.toBeNull()
      const wait = deliveredAt! - at
      expect(wait, `seed ${seed}: written at ${at - start}`).toBeLessThanOrEqual(hour + maxLateMs + 3_000)
      if (rings) expect(wait, `seed ${seed}: rung at ${at - start}`).toBeLessThanOrEqual(maxLateMs)
      delivered++
      if (rings && isCalm) quick++
    }
    for (const { dueAt, sentAt } of world.retries) {
      if (dueAt > end) continue
      expect(sentAt, `seed ${seed}: due at ${dueAt - start}`).not.toBeNull()
      expect(sentAt! - dueAt).toBeLessThanOrEqual(roundingMs + 10_000 + maxLateMs)
    }
  }
  expect(delivered).toBeGreaterThan(80_000)
  expect(quick).toBeGreaterThan(25_000)
})

describe('an idle day', () => {
  test.each([
    ['an hourly', hour, 0.15],
    ['a six-hourly', 6 * hour, 0.03],
  ])('with %s look is hardly any time awake', (_, every, share) => {
    const world = new World(randomOf(7), every)
    world.runUntil(world.now + 24 * hour)
    expect(world.awakeMs / (24 * hour)).toBeLessThanOrEqual(share)
    expect(world.awakeMs).toBeGreaterThan(0)
  })
})

describe('the rule', () => {
  const now = 1_000_000_000

  /** Somebody has looked at `now`. */
  function answered(dueInMs: number | null): BellRule {
    const rule = new BellRule(times, newBell)
    const { token } = rule.ask(now)!
    rule.looked(token, dueInMs, now)
    return rule
  }

  test('is born rung, because nobody has looked yet', () => {
    expect(new BellRule(times, newBell).ask(now)).toEqual({ why: 'rung', token: 1 })
  })

  test.each<[string, number | null, number]>([
    ['nothing waits', null, hour],
    ['something is due soon', 20_000, 20_000],
    [
      'something is due in seven minutes',
      7 * minute,
      Math.ceil((now + 7 * minute) / roundingMs) * roundingMs - now,
    ],
    ['something is due after the next look', 5 * hour, hour],
  ])('where %s, nobody looks before the right time', (_, dueInMs, inMs) => {
    const rule = answered(dueInMs)
    expect(rule.nextAt).toBe(now + inMs)
    expect(rule.ask(now + inMs - 1)).toBeNull()
    expect(rule.ask(now + inMs)?.why).toBe(inMs === hour ? 'time to look' : 'due')
  })

  test('a ring makes somebody look at once, and a ring during a look makes the next', () => {
    const rule = answered(null)
    rule.ring()
    expect(rule.nextAt).toBeLessThanOrEqual(now + 1_000)
    const first = rule.ask(now + minute)!
    rule.ring()
    rule.looked(first.token, null, now + minute + 500)
    expect(rule.ask(now + minute + 600)).toEqual({ why: 'rung', token: first.token + 1 })
  })

  test('while somebody looks nobody else does, unless there was another ring', () => {
    const rule = answered(null)
    rule.ring()
    const { token } = rule.ask(now + minute)!
    expect(rule.ask(now + minute + 1)).toBeNull()
    rule.ring()
    expect(rule.ask(now + minute + 2)).toEqual({ why: 'rung', token: token + 1 })
  })

  test('rings that come close together make one look a second', () => {
    const rule = answered(null)
    rule.ring()
    const { token } = rule.ask(now + minute)!
    rule.looked(token, null, now + minute + 10)
    for (let rings = 0; rings < 1_000; rings++) rule.ring()
    expect(rule.nextAt).toBe(now + minute + times.minPauseMs)
    expect(rule.ask(rule.nextAt)).toEqual({ why: 'rung', token: token + 1_000 })
  })

  test('a look that crashed is made again when it must be over, and one that failed soon', () => {
    const rule = answered(null)
    rule.ring()
    const { token } = rule.ask(now + minute)!
    expect(rule.nextAt).toBe(now + minute + times.maxLookMs)
    expect(rule.ask(rule.nextAt)).toEqual({ why: 'rung', token })
    rule.failed(token, now + 10 * minute)
    expect(rule.nextAt).toBe(now + 10 * minute + 10_000)
    expect(rule.ask(rule.nextAt)).toEqual({ why: 'rung', token })
  })

  test('of two looks that overlap, the earlier one cannot put off what the later one found', () => {
    const rule = answered(null)
    rule.ring()
    const early = rule.ask(now + minute)!
    rule.ring()
    const late = rule.ask(now + minute + 100)!
    rule.looked(late.token, 20_000, now + minute + 200)
    for (const dueInMs of [40_000, null]) rule.looked(early.token, dueInMs, now + minute + 300)
    expect(rule.nextAt).toBe(now + minute + 200 + 20_000)
  })

  test('what a listener took over is answered, and does not count as a look', () => {
    const rule = answered(null)
    rule.ring()
    rule.handedOver(rule.ask(now + 30 * minute)!.token)
    expect(rule.nextAt).toBe(now + hour)
  })
})
