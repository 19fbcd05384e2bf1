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
  /** It sends nothing, so it hears writers besides those who do. */
  readonly hearsBesides?: boolean
}

export function createWake({ connect, settings, log, clock, hearsBesides = false }: WakePorts): Wake {
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
    hearsBesides,
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
  events.on('onCall', () => suppression.begin())
  events.on('peerPolls', () => suppression.watchPeer())
  events.on('heartbeat', ({ unixSeconds, listeners }, roundTripSeconds) => {
    suppression.share(listeners)
    clockSkew.note(unixSeconds, Date.now() / 1000, roundTripSeconds)
    metrics.attempts.clockSkewSeconds = clockSkew.skewSeconds
  })
  health.addCheck(() => session.trouble)
  health.addCheck(() => clockSkew.trouble)
  health.addDegradation(polling)
  metrics.addGauge(
    'outbox_polling',
    '1 while notifications do not arrive, and events are found by polling.',
    () => Number(polling.isOn),
  )
  metrics.addCounter(
    'outbox_listen_reconnects_total',
    'Times the listening session was lost.',
    () => session.reconnects,
  )
  metrics.addGauge(
    'outbox_listener_awake',
    '1 while this listener looks for events by itself, 0 while it sleeps until a writer notifies it.',
    () => Number(suppression.state !== 'idle'),
  )
  const countWakeup = metrics.addCounterOf(
    'outbox_wakeups_total',
    'What made this listener look for events: a notification, a poll that found some, a new session.',
    'reason',
    ['notify', 'poll', 'reconnect'],
  )
  events.on('newEvents', () => countWakeup('notify'))
  events.on('listening', () => countWakeup('reconnect'))
  events.on('heartbeat', ({ work }) => work && countWakeup('poll'))
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
