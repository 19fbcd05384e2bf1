// Deliver: what makes the requests, which is this thread, or several that only send (OUTBOX_LISTENER_THREADS).
import type { Log } from '../observability/log.ts'
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
  readonly connect: Pick<Connect, 'metrics' | 'health'>
  readonly settings: ListenerSettings
  readonly log: Log
  readonly clock: () => number
}

export function createDeliver(ports: DeliverPartPorts): Deliver {
  return ports.settings.threads === 1 ? inThisThread(ports) : inThreads(ports)
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
