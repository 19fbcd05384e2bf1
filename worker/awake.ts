// One listener that is awake, put together from seven parts: connect, observe, deliver, wake, send, maintain, claim.
import { openKeyring } from '../delivery/secrets.ts'
import type { HealthPort } from './observability/health-port.ts'
import type { ServedRequest } from './observability/http-metrics.ts'
import type { Log } from './observability/log.ts'
import type { Exposition } from './observability/metrics.ts'
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

export interface Awake extends Stoppable {
  /** Why it cannot work at the moment; null = it can. */
  trouble(): string | null
  /** Why only a restart of the process helps; null = nothing speaks for one. */
  findStuck(): Promise<string | null>
  /** The API in this process has answered a request. */
  countRequest(request: ServedRequest): void
  /** For how long there has been nothing to do; 0 while it works, or cannot. */
  quietMs(): number
  /** What /metrics answers, also after the stop. */
  exposition(accept?: string): Promise<Exposition>
}

export interface AwakePorts {
  readonly settings: ListenerSettings
  readonly name: string
  readonly log: Log
  readonly port: Pick<HealthPort, 'show' | 'number'>
}

export async function startAwake({ settings, name, log, port }: AwakePorts): Promise<Awake> {
  const clock = () => performance.now()
  const keyring = await openKeyring(settings.masterKeys)

  const connect = createConnect({ settings, name, log, clock, port })
  const deliver = createDeliver({ connect, settings, log, name, clock })
  const wake = createWake({ connect, settings, log, clock })
  const send = createSend({ connect, deliver, wake, settings, log, clock })
  const claim = createClaim({ connect, wake, send, settings, keyring, log, name })
  const maintain = createMaintain({ connect, wake, claim, settings, log, clock })
  const observe = createObserve({ connect, wake, send, settings, log, name, clock })

  let workedAt = clock()
  const noteWork = () => {
    workedAt = clock()
  }
  wake.events.on('newEvents', noteWork)
  // What is due and cannot be sent yet, behind a breaker, a rate or a key, is no work: next_due knows when it will be.
  wake.events.on('heartbeat', ({ expired, maintenance }) => {
    if (expired || maintenance) noteWork()
  })
  send.settler.on('settled', noteWork)

  // What takes work starts before what brings it. So on a stop the first thing is that nothing more is claimed, and this
  // listener is seen until all is recorded.
  const stopParts = await startAll([connect, deliver, wake, observe, send, maintain, claim])
  log.info({ health_port: port.number, threads: settings.threads }, 'started')

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
    trouble: () => connect.health.trouble(),
    findStuck: () => deliver.findStuck(),
    countRequest: request => connect.metrics.http.count(request),
    quietMs: () => (send.isClean && connect.health.trouble() === null ? clock() - workedAt : 0),
    exposition: accept => connect.metrics.exposition(accept),
    stop,
    ended,
  }
}
