// One replica of the listener, put together: ears that wake it, lanes that send, a settler that writes down.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DeliverPorts, deliver } from '../delivery/deliver.ts'
import type { Endpoint } from '../delivery/endpoint.ts'
import { timingPadMs } from '../delivery/redact.ts'
import { openKeyring } from '../delivery/secrets.ts'
import type { Leased } from '../delivery/types.ts'
import { userAgent } from '../delivery/version.ts'
import { readCaptureHealth } from '../drizzle/capture-health.ts'
import { createStore, type StoreOptions } from '../drizzle/store.ts'
import { ClaimLoop } from './claim/claim-loop.ts'
import { EndpointCache } from './claim/endpoint-cache.ts'
import { FanOutLoop } from './claim/fan-out-loop.ts'
import { Leasing } from './claim/leasing.ts'
import { openDatabase, sqlstate } from './database.ts'
import { Lanes } from './lanes/lanes.ts'
import { Maintenance } from './maintenance/maintenance.ts'
import { Retention } from './maintenance/retention.ts'
import { ClockSkew } from './observability/clock-skew.ts'
import { serveHealth } from './observability/health.ts'
import { AttemptLog, openLog } from './observability/log.ts'
import { Metrics } from './observability/metrics.ts'
import { NetworkOutageDetector } from './send/network-outage-detector.ts'
import { createResolve } from './send/resolve.ts'
import { ed25519Signer, hmacSigner } from './send/signers.ts'
import { createTransport } from './send/transport.ts'
import type { ListenerSettings } from './settings.ts'
import { Settler } from './settle/settler.ts'
import { ListenSession } from './wake/listen-session.ts'
import { LockWatch } from './wake/lock-watch.ts'
import { NotifySuppression } from './wake/notify-suppression.ts'

/** On top of the longest request: time to write down what came of it. */
const stopMarginMs = 4_000

export interface Listener {
  readonly name: string
  readonly healthPort: number
  /** Finishes what is in flight, gives back the rest. True = everything is in the books. */
  stop(): Promise<boolean>
}

export async function startListener(settings: ListenerSettings): Promise<Listener> {
  const name = `listener-${hostname().slice(0, 20)}-${randomBytes(6).toString('hex')}`
  const log = openLog(settings.logLevel, name)
  const attempts = new AttemptLog(log, settings.logAttemptsPerSecond)
  const clock = () => performance.now()
  const database = openDatabase(settings.databaseUrl, name, log)
  const storeOptions: StoreOptions = {
    sender: 'listener',
    clock,
    disableAfterSeconds: settings.disableAfterSeconds,
  }
  const store = createStore(database.run, storeOptions)
  const endpointCache = new EndpointCache(store, {
    keyring: await openKeyring(settings.masterKeys),
    hmacSigner,
    ed25519Signer,
    defaults: settings,
  })
  const transport = createTransport(settings, createResolve(), settings.egressProxy)
  const ports: DeliverPorts = {
    transport: transport.send,
    now: Date.now,
    clock,
    random: Math.random,
    userAgent,
  }

  const settler = new Settler({
    store,
    log,
    onTrouble: trouble => (trouble ? lanes.pause() : lanes.resume()),
    onSettled: (settlements, unblocked) => {
      if (unblocked) claimer.wake()
      for (const s of settlements) if (s.retryInSeconds !== null) claimer.wakeIn(s.retryInSeconds)
    },
  })
  const clockSkew = new ClockSkew(log)
  const metrics = new Metrics(
    {
      skewSeconds: () => clockSkew.skewSeconds,
      inFlight: () => lanes.inFlight,
      held: () => lanes.held,
      unsettled: () => settler.size,
      reconnects: () => ears.reconnects,
    },
    {
      read: () => readCaptureHealth(database.run),
      onTrouble: error =>
        log.warn(
          { statement: 'capture_health', sqlstate: sqlstate(error) },
          'the self-check of capture could not be read',
        ),
      clock,
    },
  )
  const egress = new NetworkOutageDetector(clock)
  const stopping = new AbortController()
  const attempt = async (delivery: Leased, endpoint: Endpoint) => {
    try {
      const settlement = egress.judge(await deliver(delivery, endpoint, ports))
      lanes.feel(egress.isDown)
      metrics.count(settlement)
      attempts.note(delivery, endpoint, settlement)
      const waitMs = timingPadMs(endpoint, settlement, clock())
      if (waitMs > 0) await sleep(waitMs, null, { signal: stopping.signal }).catch(() => {})
      settler.add(settlement)
    } catch (error) {
      // A surprise: not settled, so its lease runs out and the books say `interrupted`.
      log.error({ delivery: delivery.publicId, error: (error as Error).name }, 'an attempt broke off')
    }
  }
  const released = new Set<Promise<void>>()
  const giveBack = (deliveries: readonly Leased[]) => {
    const release = store
      .release(deliveries)
      .catch(error =>
        log.error({ statement: 'release', sqlstate: sqlstate(error) }, 'their leases will run out'),
      )
      .finally(() => released.delete(release))
    released.add(release)
    return release
  }
  const lanes = new Lanes({ attempt, giveBack, onRoom: () => listener.noteRoom(), clock })
  const watch = new LockWatch(database)
  const ears = new ListenSession({
    database,
    storeOptions,
    pollSeconds: settings.pollSeconds,
    log,
    random: Math.random,
    onNotification: () => listener.wake(),
    onCall: () => suppression.watchOver(),
    onListening: () => {
      suppression.begin()
      listener.lookAtEverything()
    },
    onHeartbeat: (heartbeat, roundTripSeconds) => {
      void listener.note(heartbeat)
      lanes.share(heartbeat.listeners)
      clockSkew.note(heartbeat.unixSeconds, Date.now() / 1000, roundTripSeconds)
      if (heartbeat.maintenance && !heartbeat.readOnly) maintenance.begin()
      if (!heartbeat.readOnly) retention.tick(clock())
      if (heartbeat.readOnly) lanes.pause()
      else if (settler.isCalm) lanes.resume()
    },
  })
  const suppression = new NotifySuppression({
    session: ears,
    watch: onFree => watch.begin(onFree),
    wake: () => listener.wake(),
    pollSeconds: settings.pollSeconds,
    clock,
  })
  const { leaseSeconds, retrySchedule } = settings
  const leasing = new Leasing({ store, lanes, endpointCache, giveBack, log, name, leaseSeconds })
  const claimer = new ClaimLoop({ store, lanes, leasing, log, onStrain: () => suppression.strain() })
  const listener = new FanOutLoop({ store, lanes, leasing, claimer, suppression, log, retrySchedule })
  const maintenance = new Maintenance(store, log, () => claimer.wake())
  const retention = new Retention(store, log, settings.retentionDays)
  const health = await serveHealth(settings.healthPort, {
    trouble: () => ears.trouble ?? clockSkew.trouble,
    exposition: () => metrics.exposition(),
  })
  const ticking = setInterval(() => {
    lanes.tick()
    attempts.tick()
  }, 1_000)
  listener.start()
  log.info({ health_port: health.port }, 'started')

  return {
    name,
    healthPort: health.port,
    async stop() {
      log.info(
        { in_flight: lanes.inFlight },
        'stopping: nothing new is claimed, what is in flight is finished',
      )
      stopping.abort()
      await Promise.all([listener.stop(), maintenance.stop(), retention.stop()])
      const deadline = setTimeout(
        () => settler.abandon(),
        settings.requestTimeoutSeconds * 1000 + stopMarginMs,
      )
      await Promise.race([
        lanes.drain(),
        new Promise(resolve => setTimeout(resolve, settings.requestTimeoutSeconds * 1000 + 1000).unref()),
      ])
      await Promise.all(released)
      await settler.drained()
      clearTimeout(deadline)
      clearInterval(ticking)
      await Promise.all([ears.close(), watch.close()])
      await transport.close()
      await health.close()
      const clean = lanes.held === 0 && settler.size === 0
      await database.close()
      log.info({ clean }, 'stopped')
      return clean
    },
  }
}
