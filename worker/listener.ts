// One listener, put together from seven parts: connect, observe, deliver, wake, send, maintain, claim.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { openKeyring } from '../delivery/secrets.ts'
import type { ServedRequest } from './observability/http-metrics.ts'
import { openLog } from './observability/log.ts'
import { createClaim } from './parts/claim.ts'
import { createConnect } from './parts/connect.ts'
import { createDeliver } from './parts/deliver.ts'
import { createMaintain } from './parts/maintain.ts'
import { createObserve } from './parts/observe.ts'
import { startAll } from './parts/part.ts'
import { createSend } from './parts/send.ts'
import { createWake } from './parts/wake.ts'
import type { ListenerSettings } from './settings.ts'
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
  /** Finishes what is in flight and releases the rest. True = every attempt is recorded. */
  stop(): Promise<boolean>
  /** Like stop(), for those who do not ask: it may stop by itself, because one of its threads has died. */
  readonly ended: Promise<boolean>
}

export async function startListener(settings: ListenerSettings): Promise<Listener> {
  const name = `listener-${hostname().slice(0, 20)}-${randomBytes(6).toString('hex')}`
  const log = openLog(settings.logLevel, name)
  const clock = () => performance.now()
  const keyring = await openKeyring(settings.masterKeys)

  const connect = createConnect({ settings, name, log, clock })
  const deliver = createDeliver({ connect, settings, log, name, clock })
  const wake = createWake({ connect, settings, log, clock })
  const send = createSend({ connect, deliver, wake, settings, log, clock })
  const claim = createClaim({ connect, wake, send, settings, keyring, log, name })
  const maintain = createMaintain({ connect, wake, claim, settings, log, clock })
  const observe = createObserve({ connect, wake, send, settings, log, name, clock })

  // What takes work starts before what brings it. So on a stop the first thing is that nothing more is claimed, and this
  // listener is seen until all is recorded.
  const stopParts = await startAll([connect, deliver, wake, observe, send, maintain, claim])
  log.info({ health_port: connect.healthPort, threads: settings.threads }, 'started')

  const { stop, ended } = stoppable(async () => {
    log.info(
      { in_flight: send.lanes.inFlight },
      'stopping: nothing more is claimed, and what is in flight is finished',
    )
    await stopParts()
    const clean = send.isClean && !deliver.hasFailed
    log.info({ clean }, 'stopped')
    return clean
  })
  void deliver.failed.then(stop)
  return {
    name,
    healthPort: connect.healthPort,
    trouble: () => connect.health.trouble(),
    findStuck: () => deliver.findStuck(),
    countRequest: request => connect.metrics.http.count(request),
    stop,
    ended,
  }
}
