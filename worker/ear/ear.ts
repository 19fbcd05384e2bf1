// An ear: a listener that sends nothing. It hears of events whose writers do not pass the API, and rings the dispatcher of edge
// sending (functions/edge/dispatcher.ts). It looks after leases, replays and partitions too, which need no secret.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { LeaseRecovery } from '../claim/lease-recovery.ts'
import { Loop } from '../loop.ts'
import { HealthPort } from '../observability/health-port.ts'
import { openLog } from '../observability/log.ts'
import { createConnect } from '../parts/connect.ts'
import { createMaintain } from '../parts/maintain.ts'
import { createObserve } from '../parts/observe.ts'
import { startAll } from '../parts/part.ts'
import { createWake } from '../parts/wake.ts'
import { type Stoppable, stoppable } from '../stoppable.ts'
import { postRing } from './post-ring.ts'
import type { EarSettings } from './settings.ts'

export interface Ear extends Stoppable {
  readonly healthPort: number
}

export async function startEar(settings: EarSettings): Promise<Ear> {
  // Not `listener-`: it shares no endpoint with those that send.
  const name = `ear-${hostname().slice(0, 20)}-${randomBytes(6).toString('hex')}`
  const log = openLog(settings.logLevel, name)
  const clock = () => performance.now()
  const leasesNothing = { durableLeases: true }
  const port = new HealthPort(settings, () => ringing.notify())
  const connect = createConnect({ settings: { ...settings, ...leasesNothing }, name, log, clock, port })
  const wake = createWake({ connect, settings, log, clock, hearsBesides: true })
  const ringing = new Loop({
    statement: 'ring',
    failureMessage: 'could not ring the dispatcher, will try again',
    log,
    async work() {
      await postRing(settings)
      return Number.POSITIVE_INFINITY
    },
  })
  const { leaseSeconds, retrySchedule } = settings
  const recovery = new LeaseRecovery({ store: connect.store, log, leaseSeconds, retrySchedule })
  wake.events.on('newEvents', () => ringing.notify())
  wake.events.on('listening', () => ringing.notify())
  wake.events.on('heartbeat', async ({ work, expired, readOnly }) => {
    if (work) ringing.notify()
    if (expired && !readOnly && (await recovery.rescue())) ringing.notify()
  })
  const claim = { wakeForDue: () => ringing.notify() }
  const send = { lanes: { inFlight: 0 } }
  const asleep = { suppression: { state: 'idle' as const } }
  const stopParts = await startAll([
    port,
    connect,
    { start: () => ringing.start(), stop: () => ringing.stop() },
    wake,
    createObserve({ connect, wake: asleep, send, settings, log, name, clock }),
    createMaintain({ connect, wake, claim, settings, log, clock }),
  ])
  log.info({ health_port: port.number }, 'started as an ear: it sends nothing itself')
  const { stop, ended } = stoppable(async () => {
    await stopParts()
    log.info('stopped')
    return true
  })
  return { healthPort: port.number, stop, ended }
}
