// Wake: the session that listens, and the rule when this listener polls so that writers need not notify.
import { EventEmitter } from 'node:events'
import { ClockSkew } from '../observability/clock-skew.ts'
import { Degradation } from '../observability/degradation.ts'
import type { Log } from '../observability/log.ts'
import type { ListenerSettings } from '../settings.ts'
import { ListenSession } from '../wake/listen-session.ts'
import { LockWatch } from '../wake/lock-watch.ts'
import { NotifySuppression } from '../wake/notify-suppression.ts'
import type { WakeEvents } from '../wake/wake-events.ts'
import type { Connect } from './connect.ts'
import type { Part } from './part.ts'

export interface Wake extends Part {
  readonly events: WakeEvents
  readonly suppression: NotifySuppression
}

export interface WakePorts {
  readonly connect: Pick<Connect, 'database' | 'storeOptions' | 'metrics' | 'health'>
  readonly settings: Pick<ListenerSettings, 'pollSeconds'>
  readonly log: Log
  readonly clock: () => number
}

export function createWake({ connect, settings, log, clock }: WakePorts): Wake {
  const { database, storeOptions, metrics, health } = connect
  const { pollSeconds } = settings
  const events: WakeEvents = new EventEmitter()
  const polling = new Degradation('polling')
  const session = new ListenSession({
    database,
    storeOptions,
    pollSeconds,
    log,
    random: Math.random,
    events,
    polling,
  })
  const lockWatch = new LockWatch(database)
  const suppression = new NotifySuppression({
    session,
    watchLock: onFree => lockWatch.begin(onFree),
    onPeerStopped: () => events.emit('newEvents'),
    pollSeconds,
    clock,
  })
  const clockSkew = new ClockSkew(log)

  events.on('listening', () => suppression.begin())
  events.on('peerPolls', () => suppression.watchPeer())
  events.on('heartbeat', ({ unixSeconds }, roundTripSeconds) =>
    clockSkew.note(unixSeconds, Date.now() / 1000, roundTripSeconds),
  )
  health.addCheck(() => session.trouble)
  health.addCheck(() => clockSkew.trouble)
  health.addDegradation(polling)
  metrics.addGauge(
    'outbox_polling',
    '1 while notifications do not arrive, and events are found by polling.',
    () => Number(polling.isOn),
  )
  metrics.addGauge('outbox_reconnects', 'Times the listening session was lost.', () => session.reconnects)
  metrics.addGauge(
    'outbox_clock_skew_seconds',
    'This clock minus the database’s.',
    () => clockSkew.skewSeconds,
  )
  return {
    events,
    suppression,
    start: () => session.start(),
    async stop() {
      await Promise.all([session.close(), lockWatch.close()])
    },
  }
}
