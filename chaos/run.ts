// `npm run chaos`: injects faults into a whole, real system, and at the end compares four independent accounts of the run.
// Ends with a line `N passed, N failed`, where N counts invariants.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startGuard } from '../dev/guard.ts'
import { randomFrom } from '../dev/random.ts'
import { say, Trouble } from '../dev/say.ts'
import { Shutdown } from '../dev/shutdown.ts'
import { check } from './checker.ts'
import { readDatabaseRecord, readOpenWork } from './database-record.ts'
import { Faults } from './faults/faults.ts'
import { Journal, readJournal } from './journal.ts'
import { Observer } from './observer.ts'
import { type Options, readOptions } from './options.ts'
import { FaultPlan, faultPeriodMs } from './plan.ts'
import { QuietPeriods } from './quiet-period.ts'
import type { Fault, ReceivedRequest, Records, Replay, Write } from './records.ts'
import { type Report, writeReport } from './report.ts'
import { type System, startSystem } from './system.ts'
import { allReceivers } from './topology.ts'
import { prepareShop, Writers } from './writers.ts'

/** Before a quiet period: the longest wait for open work. */
const maxDrainMs = 25_000
/** At the end: a breaker that opened in an outage may wait some minutes for its next probe. */
const maxFinalDrainMs = 600_000

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
  const { minutes, seed, rate, mutation, out } = options
  say(
    'chaos',
    `${minutes} minutes of faults, seed ${seed}, ${options.listeners} listeners, ${rate} changes/s`,
  )
  if (mutation) say('mutation', `${mutation}: this run must end with violations`)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const receivers = allReceivers()
  const system = await startSystem(options, receivers, { guard, shutdown })
  await prepareShop(system.pool, minutes * 60 * rate + 1_000)

  const began = Date.now()
  const writes = new Journal<Write>(join(out, 'writes.jsonl'))
  const observer = new Observer(system.pool, join(out, 'requests.jsonl'))
  const { faults, replays } = await injectFaults(options, system, writes, observer)
  await untilDrained(system, maxFinalDrainMs)
  for (const listener of system.listeners) say(listener.name, `stopped: ${await listener.stop()}`)

  const records: Records = {
    endpoints: receivers.map(({ name, types, ordered }) => ({ name, types, ordered })),
    writes: readJournal<Write>(join(out, 'writes.jsonl')),
    requests: readJournal<ReceivedRequest>(join(out, 'requests.jsonl')),
    faults,
    replays,
    senders: system.senders,
    database: await readDatabaseRecord(system.pool),
    crashes: system.crashes(),
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

/** Alternates fault periods and quiet periods until the time is up. */
async function injectFaults(
  { minutes, seed, rate }: Options,
  system: System,
  journal: Journal<Write>,
  observer: Observer,
) {
  const faults: Fault[] = []
  const replays: Replay[] = []
  const injector = new Faults({
    system,
    endpoints: allReceivers().map(({ name }) => name),
    note(fault) {
      faults.push(fault)
      say('fault', `${fault.kind}: ${fault.target} for ${((fault.until - fault.from) / 1000).toFixed(1)} s`)
    },
    noteReplay: replay => replays.push(replay),
  })
  const plan = new FaultPlan(randomFrom(seed))
  const { pool, ask } = system
  const writers = new Writers({ pool, ask, journal, random: randomFrom(seed + 1), rate })
  const quietPeriods = new QuietPeriods({ pool, journal, find: token => observer.find(token) })

  for (const end = Date.now() + minutes * 60_000; Date.now() < end; ) {
    writers.start()
    const faultPeriod = plan.nextFaultPeriod().map(async planned => {
      await wait(planned.afterMs)
      await injector.inject(planned)
    })
    await Promise.all([...faultPeriod, wait(faultPeriodMs)])
    await writers.stop()
    await untilDrained(system, maxDrainMs)
    say('quiet', observer.summary())
    await quietPeriods.runOne()
  }
  system.stopCron()
  await fetch(`${system.receiversUrl}/recover`, { method: 'POST' })
  await injector.settled()
  return { faults, replays }
}

/** Resolves when no work is open or the time is over. At the end of the run the checker reports what is left. */
async function untilDrained({ pool }: System, atMostMs: number): Promise<void> {
  for (const end = Date.now() + atMostMs; Date.now() < end; await wait(250)) {
    const openWork = await readOpenWork(pool).catch(() => null)
    if (openWork && openWork.pending + openWork.sending + openWork.waiting === 0) return
  }
}
