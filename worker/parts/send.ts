// Send: lanes that start attempts, and a settler that records them.
import type { Leased } from '../../delivery/types.ts'
import { Lanes } from '../lanes/lanes.ts'
import { Degradation } from '../observability/degradation.ts'
import { AttemptLog, type Log } from '../observability/log.ts'
import { createAttempt } from '../send/attempt.ts'
import { NetworkOutageDetector } from '../send/network-outage-detector.ts'
import type { ListenerSettings } from '../settings.ts'
import { Releaser } from '../settle/releaser.ts'
import { Settler } from '../settle/settler.ts'
import type { Connect } from './connect.ts'
import type { Deliver } from './deliver.ts'
import type { Part } from './part.ts'
import type { Wake } from './wake.ts'

/** On top of the longest request: time for its end to be noticed, */
const drainMarginMs = 1_000
/** and for all outcomes to be recorded. */
const settleMarginMs = 4_000

export interface Send extends Part {
  readonly lanes: Lanes
  readonly settler: Settler
  readonly release: (deliveries: readonly Leased[]) => Promise<void>
  /** Nothing is held and everything is recorded. */
  readonly isClean: boolean
}

export interface SendPorts {
  readonly connect: Pick<Connect, 'store' | 'metrics' | 'health'>
  readonly deliver: Pick<Deliver, 'delivering'>
  readonly wake: Pick<Wake, 'events'>
  readonly settings: Pick<ListenerSettings, 'leaseSeconds' | 'requestTimeoutSeconds' | 'logAttemptsPerSecond'>
  readonly log: Log
  readonly clock: () => number
}

export function createSend({ connect, deliver, wake, settings, log, clock }: SendPorts): Send {
  const { store, metrics } = connect
  const stopping = new AbortController()
  const attemptLog = new AttemptLog(log, settings.logAttemptsPerSecond)
  const settler = new Settler({ store, log })
  const releaser = new Releaser({ store, log })
  const detector = new NetworkOutageDetector(clock)
  const lanes = new Lanes({
    attempt: createAttempt({
      delivering: deliver.delivering,
      clock,
      detector,
      settler,
      release: deliveries => releaser.release(deliveries),
      metrics: metrics.attempts,
      attemptLog,
      log,
      leaseMs: settings.leaseSeconds * 1000,
      stopping: stopping.signal,
    }),
    release: deliveries => releaser.release(deliveries),
    clock,
  })

  settler.on('settled', settlements => metrics.attempts.noteSettled(settlements))
  settler.on('stalled', () => lanes.pause())
  settler.on('recovered', () => lanes.resume())
  detector.on('change', isDown => lanes.setProbing(isDown))
  showDegradations(settler, detector, connect)
  wake.events.on('heartbeat', ({ listeners, readOnly }) => {
    lanes.share(listeners)
    if (readOnly) lanes.pause()
    else if (!settler.isStalled) lanes.resume()
  })
  metrics.addGauge('outbox_in_flight', 'Requests under way.', () => lanes.inFlight)
  metrics.addGauge('outbox_lanes_open', 'Endpoints that this listener has something for.', () => lanes.open)
  metrics.addGauge('outbox_held', 'Deliveries leased by this listener.', () => lanes.held)
  metrics.addGauge('outbox_unsettled', 'Attempts made and not yet recorded.', () => settler.size)

  let everySecond: NodeJS.Timeout
  return {
    lanes,
    settler,
    release: deliveries => releaser.release(deliveries),
    get isClean() {
      return lanes.held === 0 && settler.size === 0
    },
    start() {
      everySecond = setInterval(() => {
        lanes.tick()
        attemptLog.tick()
      }, 1_000)
    },
    async stop() {
      stopping.abort()
      const timeoutMs = settings.requestTimeoutSeconds * 1000
      const abandon = setTimeout(() => settler.abandon(), timeoutMs + settleMarginMs)
      await Promise.race([lanes.drain(), pause(timeoutMs + drainMarginMs)])
      await releaser.drained()
      await settler.drained()
      clearTimeout(abandon)
      clearInterval(everySecond)
    },
  }
}

function showDegradations(
  settler: Settler,
  detector: NetworkOutageDetector,
  { health, metrics }: Pick<Connect, 'health' | 'metrics'>,
): void {
  const stalled = new Degradation('sending nothing')
  settler.on('stalled', code => stalled.begin(`the database does not record outcomes (${code})`))
  settler.on('recovered', () => stalled.end())
  const probing = new Degradation('sending one webhook at a time')
  detector.on('change', isDown => {
    if (isDown)
      probing.begin('no endpoint answers any more, so the network of this listener seems to be down')
    else probing.end()
  })
  health.addDegradation(stalled)
  health.addDegradation(probing)
  metrics.addGauge('outbox_stalled', '1 while outcomes cannot be recorded, and nothing is sent.', () =>
    Number(stalled.isOn),
  )
  metrics.addGauge(
    'outbox_network_down',
    '1 while the network of this listener seems to be down, and it sends one webhook at a time.',
    () => Number(probing.isOn),
  )
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds).unref())
}
