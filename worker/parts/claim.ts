// Claim: the two loops that fill the lanes, one with new events and one with what is due.
import type { Keyring } from '../../delivery/secrets.ts'
import { ClaimLoop } from '../claim/claim-loop.ts'
import { EndpointCache } from '../claim/endpoint-cache.ts'
import { FanOutLoop } from '../claim/fan-out-loop.ts'
import { LeaseRecovery } from '../claim/lease-recovery.ts'
import { Leasing } from '../claim/leasing.ts'
import type { Log } from '../observability/log.ts'
import { ed25519Signer, hmacSigner } from '../send/signers.ts'
import type { ListenerSettings } from '../settings.ts'
import type { Connect } from './connect.ts'
import type { Part } from './part.ts'
import type { Send } from './send.ts'
import type { Wake } from './wake.ts'

export interface Claim extends Part {
  /** Something may be due. */
  wakeForDue(): void
}

export interface ClaimPorts {
  readonly connect: Pick<Connect, 'store'>
  readonly wake: Pick<Wake, 'events' | 'suppression'>
  readonly send: Pick<Send, 'lanes' | 'settler' | 'release'>
  readonly settings: ListenerSettings
  readonly keyring: Keyring
  readonly log: Log
  readonly name: string
}

export function createClaim({ connect, wake, send, settings, keyring, log, name }: ClaimPorts): Claim {
  const { store } = connect
  const { events, suppression } = wake
  const { lanes, settler, release } = send
  const { leaseSeconds, retrySchedule } = settings
  const openPorts = { keyring, hmacSigner, ed25519Signer, defaults: settings }
  const endpointCache = new EndpointCache(store, openPorts)
  const onBacklog = () => suppression.reportBacklog()
  const recovery = new LeaseRecovery({ store, log, leaseSeconds, retrySchedule })
  const leasing = new Leasing({
    lanes,
    endpointCache,
    number: store.number,
    release,
    onLost: lease => recovery.noteLost(lease),
    name,
    leaseSeconds,
  })
  const claimLoop = new ClaimLoop({ store, lanes, leasing, log, onBacklog })
  const fanOutLoop = new FanOutLoop({ store, lanes, leasing, claimLoop, suppression, log })

  const recoverLeases = async (expired: boolean) => {
    if (await recovery.releaseLost()) claimLoop.wake()
    if (expired && (await recovery.rescue())) claimLoop.wake()
  }
  const checkEverything = () => {
    claimLoop.wake()
    fanOutLoop.checkEverything()
  }
  events.on('newEvents', () => fanOutLoop.wake())
  events.on('newPending', () => claimLoop.wake())
  events.on('onCall', () => fanOutLoop.checkEverything())
  events.on('listening', checkEverything)
  events.on('heartbeat', ({ work, readOnly, expired }) => {
    fanOutLoop.setReadOnly(readOnly)
    if (work) checkEverything()
    if (!readOnly) void recoverLeases(expired)
  })
  lanes.on('filled', () => suppression.reportPending(() => lanes.mayHaveMore))
  lanes.on('awaited', () => fanOutLoop.wakeIfFull())
  lanes.on('capacity', () => {
    claimLoop.wake()
    fanOutLoop.wakeIfFull()
  })
  settler.on('settled', (settlements, unblocked) => {
    if (unblocked) claimLoop.wake()
    for (const { retryInSeconds } of settlements)
      if (retryInSeconds !== null) claimLoop.wakeIn(retryInSeconds)
  })
  return {
    wakeForDue: () => claimLoop.wake(),
    start() {
      fanOutLoop.start()
      claimLoop.start()
    },
    async stop() {
      await Promise.all([fanOutLoop.stop(), claimLoop.stop()])
      await suppression.end()
    },
  }
}
