// `npm run chaos`: the fault lab. Everything real, everything attacked, and at the end four independent accounts of what
// happened are compared. Ends with a line `N passed, N failed`, one for each invariant.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startGuard } from '../dev/guard.ts'
import { randomFrom } from '../dev/random.ts'
import { say, Trouble } from '../dev/say.ts'
import { Shutdown } from '../dev/shutdown.ts'
import { check } from './checker.ts'
import { readBooks, readPulse } from './database-record.ts'
import { Faults } from './faults.ts'
import { Ledger, readLedger } from './journal.ts'
import { Observer } from './observer.ts'
import { type Options, readOptions } from './options.ts'
import { FaultPlan, stormMs } from './plan.ts'
import { Hushes } from './quiet-period.ts'
import type { Fault, Records, Replay, Request, Write } from './records.ts'
import { type Report, writeReport } from './report.ts'
import { type System, startSystem } from './system.ts'
import { cast } from './topology.ts'
import { prepareShop, Writers } from './writers.ts'

/** Between storms: retries and probes calm down, if they do it soon. */
const breatherMs = 25_000
/** At the end: a breaker that opened in an outage may wait for its next probe for some minutes. */
const longestCalmMs = 600_000

const guard = startGuard()
const shutdown = new Shutdown()
shutdown.listen()

try {
  const failed = await run(readOptions(process.argv.slice(2)))
  await shutdown.run(failed > 0 ? 1 : 0)
} catch (error) {
  console.error(error instanceof Trouble ? error.message : error)
  console.log('0 passed, 1 failed')
  await shutdown.run(1)
}

/** Returns how many invariants were violated. */
async function run(options: Options): Promise<number> {
  const { minutes, seed, rate, bug, out } = options
  say('chaos', `${minutes} minutes of faults, seed ${seed}, ${options.replicas} replicas, ${rate} changes/s`)
  if (bug) say('bug', `${bug}: this run must end with violations`)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const actors = cast()
  const system = await startSystem(options, actors, { guard, shutdown })
  await prepareShop(system.pool, minutes * 60 * rate + 1_000)

  const began = Date.now()
  const writes = new Ledger<Write>(join(out, 'writes.jsonl'))
  const observer = new Observer(system.pool, join(out, 'requests.jsonl'))
  const { faults, replays } = await attack(options, system, writes, observer)
  await untilCalm(system, longestCalmMs)
  for (const replica of system.replicas) say(replica.name, `stopped: ${await replica.stop()}`)

  const records: Records = {
    endpoints: actors.map(({ name, types, ordered }) => ({ name, types, ordered })),
    writes: readLedger<Write>(join(out, 'writes.jsonl')),
    requests: readLedger<Request>(join(out, 'requests.jsonl')),
    faults,
    replays,
    senders: system.senders,
    books: await readBooks(system.pool),
  }
  const report: Report = {
    options,
    began,
    ended: Date.now(),
    verdict: check(records),
    samples: observer.stop(),
  }
  return writeReport(out, report, records)
}

/** Storms and hushes by turns until the time is up. */
async function attack(
  { minutes, seed, rate }: Options,
  system: System,
  ledger: Ledger<Write>,
  observer: Observer,
) {
  const faults: Fault[] = []
  const replays: Replay[] = []
  const menu = new Faults({
    system,
    endpoints: cast().map(({ name }) => name),
    note(fault) {
      faults.push(fault)
      say('fault', `${fault.kind}: ${fault.target} for ${((fault.until - fault.from) / 1000).toFixed(1)} s`)
    },
    noteReplay: replay => replays.push(replay),
  })
  const plan = new FaultPlan(randomFrom(seed))
  const { pool, ask } = system
  const writers = new Writers({ pool, ask, ledger, random: randomFrom(seed + 1), rate })
  const hushes = new Hushes({ pool, ledger, find: token => observer.find(token) })

  for (const end = Date.now() + minutes * 60_000; Date.now() < end; ) {
    writers.start()
    const storm = plan.nextStorm().map(async planned => {
      await wait(planned.afterMs)
      await menu.inject(planned)
    })
    await Promise.all([...storm, wait(stormMs)])
    await writers.stop()
    await untilCalm(system, breatherMs)
    say('hush', observer.inShort())
    await hushes.hold()
  }
  system.stopCron()
  await fetch(`${system.receiversUrl}/calm`, { method: 'POST' })
  await menu.settled()
  return { faults, replays }
}

/** Nothing waits, nothing is on its way; or the time is over, and the checker will say what is left. */
async function untilCalm({ pool }: System, atMostMs: number): Promise<void> {
  for (const end = Date.now() + atMostMs; Date.now() < end; await wait(250)) {
    const pulse = await readPulse(pool).catch(() => null)
    if (pulse && pulse.pending + pulse.sending + pulse.waiting === 0) return
  }
}
