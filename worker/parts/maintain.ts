// Maintain: what is never urgent. It runs when the heartbeat says that there is some.
import { Maintenance } from '../maintenance/maintenance.ts'
import { Partitions } from '../maintenance/partitions.ts'
import type { Log } from '../observability/log.ts'
import type { ListenerSettings } from '../settings.ts'
import type { Claim } from './claim.ts'
import type { Connect } from './connect.ts'
import type { Part } from './part.ts'
import type { Wake } from './wake.ts'

export interface MaintainPorts {
  readonly connect: Pick<Connect, 'store' | 'health'>
  readonly wake: Pick<Wake, 'events'>
  readonly claim: Pick<Claim, 'wakeForDue'>
  readonly settings: Pick<ListenerSettings, 'retention'>
  readonly log: Log
  readonly clock: () => number
}

export function createMaintain({ connect, wake, claim, settings, log, clock }: MaintainPorts): Part {
  const { store, health } = connect
  const maintenance = new Maintenance({ store, log, onDue: () => claim.wakeForDue() })
  const partitions = new Partitions({ store, log, retention: settings.retention })
  health.addDegradation(partitions.degradation)
  return {
    start() {
      wake.events.on('heartbeat', heartbeat => {
        if (heartbeat.readOnly) return
        if (heartbeat.maintenance) maintenance.begin()
        partitions.tick(clock())
      })
    },
    async stop() {
      await Promise.all([maintenance.stop(), partitions.stop()])
    },
  }
}
