// A listener as the rest of the world sees it: its name, its port, its end. What runs behind is one that is awake, always or, with
// OUTBOX_SLEEP_AFTER_SECONDS, only while there is something to do.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { type Awake, startAwake } from './awake.ts'
import { HealthPort } from './observability/health-port.ts'
import type { ServedRequest } from './observability/http-metrics.ts'
import { openLog } from './observability/log.ts'
import type { ListenerSettings } from './settings.ts'
import { findDueInMs } from './sleep/next-due.ts'
import { SleepyListener } from './sleep/sleepy-listener.ts'
import { type Stoppable, stoppable } from './stoppable.ts'

export interface Listener extends Stoppable {
  readonly name: string
  readonly healthPort: number
  /** Why it cannot work at the moment; null = it can. */
  trouble(): string | null
  /** Why only a restart of the process helps; null = nothing speaks for one. */
  findStuck(): Promise<string | null>
  /** The API in this process has answered a request. */
  countRequest(request: ServedRequest): void
  /** There may be something to send: one that sleeps wakes up. */
  ring(): void
  /** It has let go of the database, so that this may sleep too. */
  isAsleep(): boolean
  /** Finishes what is in flight and releases the rest. True = every attempt is recorded. */
  stop(): Promise<boolean>
  /** Like stop(), for those who do not ask: it may stop by itself, because one of its threads has died. */
  readonly ended: Promise<boolean>
}

export async function startListener(settings: ListenerSettings): Promise<Listener> {
  const name = `listener-${hostname().slice(0, 20)}-${randomBytes(6).toString('hex')}`
  const log = openLog(settings.logLevel, name)
  const port = new HealthPort(settings, () => running.ring())
  const begin = () => startAwake({ settings, name, log, port })
  const { sleepAfterSeconds, sleepLookSeconds } = settings
  const running =
    sleepAfterSeconds === null
      ? new AlwaysAwake(begin)
      : new SleepyListener({
          begin,
          findDueInMs: () => findDueInMs(settings.databaseUrl),
          show: answering => port.show(answering),
          afterMs: sleepAfterSeconds * 1000,
          times: { lookEveryMs: sleepLookSeconds * 1000 },
          log,
        })
  await port.start()
  try {
    await running.start()
  } catch (error) {
    port.stop()
    throw error
  }
  const { stop, ended } = stoppable(async () => {
    const clean = await running.stop()
    port.stop()
    return clean
  })
  void running.ended.then(stop)
  return {
    name,
    healthPort: port.number,
    trouble: () => running.awake?.trouble() ?? null,
    findStuck: async () => (await running.awake?.findStuck()) ?? null,
    countRequest: request => running.awake?.countRequest(request),
    ring: () => running.ring(),
    isAsleep: () => running.isAsleep,
    stop,
    ended,
  }
}

type Running = Pick<SleepyListener, 'start' | 'stop' | 'ring' | 'isAsleep' | 'awake' | 'ended'>

class AlwaysAwake implements Running {
  readonly #begin: () => Promise<Awake>
  readonly isAsleep = false
  awake: Awake | null = null
  #onEnded: () => void = () => {}
  readonly ended = new Promise<void>(resolve => {
    this.#onEnded = resolve
  })

  constructor(begin: () => Promise<Awake>) {
    this.#begin = begin
  }

  async start(): Promise<void> {
    this.awake = await this.#begin()
    void this.awake.ended.then(this.#onEnded)
  }

  ring(): void {}

  async stop(): Promise<boolean> {
    return (await this.awake?.stop()) ?? true
  }
}
