// One listener, put together from six parts: connect, observe, wake, send, maintain, claim.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { openKeyring } from '../delivery/secrets.ts'
import type { ServedRequest } from './observability/http-metrics.ts'
import { openLog } from './observability/log.ts'
import { createClaim } from './parts/claim.ts'
import { createConnect } from './parts/connect.ts'
import { createMaintain } from './parts/maintain.ts'
import { createObserve } from './parts/observe.ts'
import { startAll } from './parts/part.ts'
import { createSend } from './parts/send.ts'
import { createWake } from './parts/wake.ts'
import type { ListenerSettings } from './settings.ts'

export interface Listener {
  readonly name: string
  readonly healthPort: number
  /** Why it cannot work at the moment; null = it can. */
  trouble(): string | null
  /** The API in this process has answered a request. */
  countRequest(request: ServedRequest): void
  /** Finishes what is in flight and releases the rest. True = every attempt is recorded. */
  stop(): Promise<boolean>
}

export async function startListener(settings: ListenerSettings): Promise<Listener> {
  const name = `listener-${hostname().slice(0, 20)}-${randomBytes(6).toString('hex')}`
  const log = openLog(settings.logLevel, name)
  const clock = () => performance.now()
  const keyring = await openKeyring(settings.masterKeys)

  const connect = createConnect({ settings, name, log, clock })
  const wake = createWake({ connect, settings, log, clock })
  const send = createSend({ connect, wake, settings, log, clock })
  const claim = createClaim({ connect, wake, send, settings, keyring, log, name })
  const maintain = createMaintain({ connect, wake, claim, settings, log, clock })
  const observe = createObserve({ connect, wake, send, settings, log, name, clock })

  // What takes work starts before what brings it. So on a stop the first thing is that nothing more is claimed.
  const stopParts = await startAll([connect, observe, wake, send, maintain, claim])
  log.info({ health_port: connect.healthPort }, 'started')
  return {
    name,
    healthPort: connect.healthPort,
    trouble: () => connect.health.trouble(),
    countRequest: request => connect.metrics.http.count(request),
    async stop() {
      const inFlight = send.lanes.inFlight
      log.info(
        { in_flight: inFlight },
        'stopping: nothing more is claimed, and what is in flight is finished',
      )
      await stopParts()
      const clean = send.isClean
      log.info({ clean }, 'stopped')
      return clean
    },
  }
}
