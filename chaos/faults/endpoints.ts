// Faults around endpoints: receivers that fail, and what operators and the cron function do meanwhile.
import { setTimeout as wait } from 'node:timers/promises'
import { fireCron } from '../../dev/services/cron.ts'
import type { FaultKind } from '../plan.ts'
import { dyingEndpoint } from '../topology.ts'
import type { FaultContext, Inject } from './inject.ts'

export const endpointFaults = (context: FaultContext) =>
  ({
    'receiver outage': async planned => {
      const target = planned.intensity < 50 ? dyingEndpoint : context.endpointOf(planned)
      await fetch(`${context.system.receiversUrl}/outage/${target}?ms=${planned.forMs}`, { method: 'POST' })
      return { target, until: Date.now() + planned.forMs }
    },
    'cron burst': async planned => {
      const { functionsUrl } = context.system
      const runs = Array.from({ length: 2 + (planned.intensity % 4) }, () => fireCron(functionsUrl))
      context.background.push(...runs)
      return { target: `${runs.length} at once` }
    },
    'edit endpoint': async planned => {
      const target = context.endpointOf(planned)
      const settings = {
        max_in_flight: 1 + (planned.intensity % 32),
        description: `edit ${planned.intensity}`,
      }
      await context.change('PATCH', target, '', settings)
      return { target }
    },
    'pause endpoint': async planned => {
      const target = context.endpointOf(planned)
      await context.change('POST', target, '/pause')
      await wait(planned.forMs)
      // Resumed at any price: its deliveries would otherwise stay pending, and the checker would report them.
      while (!(await context.change('POST', target, '/resume'))) await wait(200)
      return { target }
    },
    // The old key goes on signing, so the receivers need not learn the new one. An endpoint has at most ten keys.
    'rotate secret': async planned => {
      const target = context.endpointOf(planned)
      await context.change('POST', target, '/rotate', { overlap_seconds: 86_400 })
      return { target }
    },
    replay: async planned => {
      const target = context.endpointOf(planned)
      const asked = Date.now()
      const since = new Date(asked - 20_000).toISOString()
      await context.change('POST', target, '/replay', { since, only: 'all' })
      // Even without an answer: it may have been lost after the commit.
      context.background.push(untilReplayed(context, target, asked))
      return { target }
    },
  }) satisfies Partial<Record<FaultKind, Inject>>

async function untilReplayed(context: FaultContext, endpoint: string, asked: number): Promise<void> {
  const running = () => context.tryQuery(`select from outbox.replays where state = 'running'`)
  while ((await running())?.length !== 0) await wait(200)
  context.noteReplay({ endpoint, asked, finished: Date.now() })
}
