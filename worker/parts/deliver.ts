// Deliver: what makes the requests, which is this thread, or several that only send (OUTBOX_LISTENER_THREADS).
import { SettingsError } from '../../delivery/settings.ts'
import type { Log } from '../observability/log.ts'
import { type Tracing, traced } from '../observability/traced.ts'
import { type Delivering, deliverHere } from '../send/delivering.ts'
import type { ListenerSettings } from '../settings.ts'
import { SendingThreads } from '../threads/sending-threads.ts'
import type { Connect } from './connect.ts'
import type { Part } from './part.ts'

export interface Deliver extends Part {
  readonly delivering: Pick<Delivering, 'deliver'>
  /** Resolves when a thread has ended by itself. What it had under way has no outcome. */
  readonly failed: Promise<void>
  readonly hasFailed: boolean
  /** Why this process can only be restarted; null = all its threads answer. */
  findStuck(): Promise<string | null>
}

export interface DeliverPartPorts {
  readonly name: string
  readonly connect: Pick<Connect, 'metrics' | 'health'>
  readonly settings: ListenerSettings
  readonly log: Log
  readonly clock: () => number
}

export function createDeliver(ports: DeliverPartPorts): Deliver {
  const deliver = ports.settings.threads === 1 ? inThisThread(ports) : inThreads(ports)
  const { otlpEndpoint } = ports.settings
  return otlpEndpoint === null ? deliver : withTracing(deliver, otlpEndpoint, ports.name)
}

function withTracing(deliver: Deliver, otlpEndpoint: string, name: string): Deliver {
  let tracing: Tracing | null = null
  return {
    ...deliver,
    get hasFailed() {
      return deliver.hasFailed
    },
    delivering: traced(deliver.delivering, () => tracing),
    async start() {
      tracing = await loadTracing(otlpEndpoint, name)
      await deliver.start()
    },
    async stop() {
      await deliver.stop()
      await tracing?.close()
    },
  }
}

/** The SDK takes a tenth of a second to load, and may have been left out when the package was installed. */
async function loadTracing(otlpEndpoint: string, name: string): Promise<Tracing> {
  const { openTracing } = await import('../observability/tracing.ts').catch(error => {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new SettingsError(
      'OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages of OpenTelemetry are not installed: they are optional ' +
        'dependencies. Install again without --omit=optional, or take the setting away.',
    )
  })
  return openTracing(otlpEndpoint, name)
}

function inThisThread({ settings, clock }: DeliverPartPorts): Deliver {
  const delivering = deliverHere(settings, clock)
  return {
    delivering,
    failed: new Promise(() => {}),
    hasFailed: false,
    findStuck: async () => null,
    start() {},
    stop: () => delivering.close(),
  }
}

function inThreads({ connect, settings, log, clock }: DeliverPartPorts): Deliver {
  const { metrics, health } = connect
  let failedThread: number | null = null
  let onFailed = () => {}
  const failed = new Promise<void>(resolve => {
    onFailed = resolve
  })
  const threads = new SendingThreads({
    count: settings.threads,
    settings: forSending(settings),
    clock,
    onEnded(thread, error) {
      failedThread ??= thread
      log.fatal(
        { thread, error: (error as Error).name, at: framesOf(error) },
        'a sending thread ended: what is under way is finished, then this listener stops',
      )
      onFailed()
    },
  })
  const findStuck = async () => {
    const thread = await threads.findStuck()
    return thread === null ? null : `sending thread ${thread} does not answer`
  }
  health.addCheck(() => (failedThread === null ? null : `sending thread ${failedThread} has ended`))
  health.addLivenessCheck(findStuck)
  metrics.addThreads(() => threads.busySeconds())
  return {
    delivering: threads,
    failed,
    get hasFailed() {
      return failedThread !== null
    },
    findStuck,
    start: () => threads.start(),
    stop: () => threads.close(),
  }
}

/** No master keys, no connection string. */
const forSending = ({ allowHttp, privateNetworks, blockedPorts, egressProxy }: ListenerSettings) => ({
  allowHttp,
  privateNetworks,
  blockedPorts,
  egressProxy,
})

/** Where it happened. The message is left out, because it may carry what a receiver sent. */
function framesOf(error: unknown): string[] {
  const lines = (error as Error).stack?.split('\n') ?? []
  return lines.filter(line => line.startsWith('    at ')).map(line => line.trim())
}
