// One replica of the listener, put together: ears that wake it, lanes that send, a settler that writes down.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdMs } from '../delivery/conceal.ts'
import { type DeliverPorts, deliver } from '../delivery/deliver.ts'
import { openKeyring } from '../delivery/secrets.ts'
import type { Endpoint, Leased } from '../delivery/types.ts'
import { userAgent } from '../delivery/version.ts'
import { readCaptureHealth } from '../drizzle/capture-health.ts'
import { createStore, type StoreOptions } from '../drizzle/store.ts'
import { Chores } from './chores.ts'
import { Claimer } from './claimer.ts'
import { ClockWatch } from './clock-watch.ts'
import { openDatabase, sqlstate } from './database.ts'
import { Directory } from './directory.ts'
import { Ears } from './ears.ts'
import { EgressWatch } from './egress-watch.ts'
import { serveHealth } from './health.ts'
import { Lanes } from './lanes.ts'
import { Leasing } from './leasing.ts'
import { Listener } from './listener.ts'
import { AttemptLog, openLog } from './log.ts'
import { Metrics } from './metrics.ts'
import { createResolve } from './resolve.ts'
import { Retention } from './retention.ts'
import type { ListenerSettings } from './settings.ts'
import { Settler } from './settler.ts'
import { ed25519Signer, hmacSigner } from './signers.ts'
import { createTransport } from './transport.ts'
import { Wakefulness } from './wakefulness.ts'
import { Watch } from './watch.ts'

/** On top of the longest request: time to write down what came of it. */
const stopMarginMs = 4_000

export interface Replica {
  readonly name: string
  readonly healthPort: number
  /** Finishes what is in flight, gives back the rest. True = everything is in the books. */
  stop(): Promise<boolean>
}

export async function startReplica(settings: ListenerSettings): Promise<Replica> {
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
  const directory = new Directory(store, {
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
    onSettled: (settlements, eased) => {
      if (eased) claimer.wake()
      for (const s of settlements) if (s.retryInSeconds !== null) claimer.wakeIn(s.retryInSeconds)
    },
  })
  const clockWatch = new ClockWatch(log)
  const metrics = new Metrics(
    {
      skewSeconds: () => clockWatch.skewSeconds,
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
  const egress = new EgressWatch(clock)
  const stopping = new AbortController()
  const attempt = async (delivery: Leased, endpoint: Endpoint) => {
    try {
      const settlement = egress.judge(await deliver(delivery, endpoint, ports))
      lanes.feel(egress.isDown)
      metrics.count(settlement)
      attempts.note(delivery, endpoint, settlement)
      const waitMs = holdMs(endpoint, settlement, clock())
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
  const watch = new Watch(database)
  const ears = new Ears({
    database,
    storeOptions,
    pollSeconds: settings.pollSeconds,
    log,
    random: Math.random,
    onNotification: () => listener.wake(),
    onCall: () => wakefulness.watchOver(),
    onListening: () => {
      wakefulness.begin()
      listener.lookAtEverything()
    },
    onLook: (look, roundTripSeconds) => {
      void listener.note(look)
      lanes.share(look.listeners)
      clockWatch.note(look.unixSeconds, Date.now() / 1000, roundTripSeconds)
      if (look.chores && !look.readOnly) chores.begin()
      if (!look.readOnly) retention.tick(clock())
      if (look.readOnly) lanes.pause()
      else if (settler.isCalm) lanes.resume()
    },
  })
  const wakefulness = new Wakefulness({
    session: ears,
    watch: onFree => watch.begin(onFree),
    wake: () => listener.wake(),
    pollSeconds: settings.pollSeconds,
    clock,
  })
  const { leaseSeconds, retrySchedule } = settings
  const leasing = new Leasing({ store, lanes, directory, giveBack, log, name, leaseSeconds })
  const claimer = new Claimer({ store, lanes, leasing, log, onStrain: () => wakefulness.strain() })
  const listener = new Listener({ store, lanes, leasing, claimer, wakefulness, log, retrySchedule })
  const chores = new Chores(store, log, () => claimer.wake())
  const retention = new Retention(store, log, settings.retentionDays)
  const health = await serveHealth(settings.healthPort, {
    trouble: () => ears.trouble ?? clockWatch.trouble,
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
      await Promise.all([listener.stop(), chores.stop(), retention.stop()])
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
