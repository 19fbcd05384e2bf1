// Observe: what monitoring sees of the database, and that this listener is alive.
import { captureGauges, databaseGauges, readCaptureGauges, readDatabaseGauges } from '../../drizzle/gauges.ts'
import type { Run } from '../../drizzle/run.ts'
import { sqlstate } from '../database.ts'
import { isHeld } from '../identity-check.ts'
import { createHistory } from '../observability/history.ts'
import type { Log } from '../observability/log.ts'
import { RefreshedGauges } from '../observability/refreshed-gauges.ts'
import { SignOfLife } from '../observability/sign-of-life.ts'
import type { ListenerSettings } from '../settings.ts'
import type { Connect } from './connect.ts'
import type { Part } from './part.ts'
import type { Send } from './send.ts'
import type { Wake } from './wake.ts'

const everySeconds = 15
const captureEverySeconds = 60

export interface ObservePorts {
  readonly connect: Pick<Connect, 'database' | 'metrics' | 'health'>
  readonly wake: { readonly suppression: Pick<Wake['suppression'], 'state'> }
  readonly send: { readonly lanes: Pick<Send['lanes'], 'inFlight'> }
  readonly settings: Pick<ListenerSettings, 'pollSeconds' | 'metricsEndpoints' | 'historyDays'>
  readonly log: Log
  readonly name: string
  readonly clock: () => number
}

export function createObserve({ connect, wake, send, settings, log, name, clock }: ObservePorts): Part {
  const { metrics } = connect
  const run = oneAtATime(connect.database.run)
  // A listener that is told to leave the database alone for long does so here too.
  const everyMs = (seconds: number) => Math.max(seconds, settings.pollSeconds) * 1000
  const warnOf = (statement: string, consequence: string) => (error: unknown) => {
    if (!isHeld(error)) log.warn({ statement, sqlstate: sqlstate(error) }, consequence)
  }
  const notMeasured = 'could not be measured, so its gauges are missing'
  const gauges = new RefreshedGauges(metrics.registry, {
    meanings: databaseGauges,
    everyMs: everyMs(everySeconds),
    read: () => readDatabaseGauges(run, settings.metricsEndpoints),
    clock,
    onTrouble: warnOf('gauges', notMeasured),
  })
  const capture = new RefreshedGauges(metrics.registry, {
    meanings: captureGauges,
    everyMs: everyMs(captureEverySeconds),
    read: () => readCaptureGauges(run),
    clock,
    onTrouble: warnOf('capture_health', notMeasured),
  })
  const signOfLife = new SignOfLife({
    run,
    name,
    everyMs: everyMs(everySeconds),
    isReachable: () => connect.health.trouble() === null,
    state: () => ({ awake: wake.suppression.state !== 'idle', inFlight: send.lanes.inFlight }),
  })
  const history = createHistory({
    run,
    keepDays: settings.historyDays,
    everyMs: everyMs(everySeconds),
    clock,
    onTrouble: warnOf('fold_attempts', 'the history of attempts has to wait'),
  })
  return {
    start() {
      history.start()
      gauges.start()
      capture.start()
      signOfLife.start()
    },
    async stop() {
      history.stop()
      gauges.stop()
      capture.stop()
      await signOfLife.stop()
    },
  }
}

/** So that statements which wait for a lock never hold more than one of the connections that deliveries need. */
function oneAtATime(run: Run): Run {
  let last: Promise<unknown> = Promise.resolve()
  return (statement, parameters) => {
    const answer = last.then(() => run(statement, parameters))
    last = answer.catch(() => {})
    return answer
  }
}
