// Faults of the network between one listener and the database.
import { setTimeout as wait } from 'node:timers/promises'
import type { LinkState } from '../link.ts'
import type { FaultKind, PlannedFault } from '../plan.ts'
import { disruption, type FaultContext, type Inject, type Injected, reconnectMs } from './inject.ts'

export const linkFaults = (context: FaultContext) =>
  ({
    'black hole': planned => setLink(context, planned, { kind: 'black hole' }),
    delay: planned => setLink(context, planned, { kind: 'delay', ms: 20 + planned.intensity * 5 }),
    'half-open': planned => setLink(context, planned, { kind: 'half-open' }),
    'lost replies': planned => setLink(context, planned, { kind: 'lost replies' }),
    'reset link': async planned => {
      const listener = context.listenerOf(planned)
      listener.link.reset()
      return { target: listener.name, disruptions: [disruption(reconnectMs, listener)] }
    },
  }) satisfies Partial<Record<FaultKind, Inject>>

async function setLink(context: FaultContext, planned: PlannedFault, state: LinkState): Promise<Injected> {
  const { link, name } = context.listenerOf(planned)
  const { from } = disruption()
  const end = link.set(state)
  await wait(planned.forMs)
  end()
  return { target: name, disruptions: [{ from, until: Date.now() + reconnectMs, listener: name }] }
}
