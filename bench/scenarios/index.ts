// All scenarios, in the order in which they run.
import type { Scenario } from '../scenario.ts'
import { backlog } from './backlog.ts'
import { badReceivers } from './bad-receivers.ts'
import { cost } from './cost.ts'
import { cron } from './cron.ts'
import { edge } from './edge.ts'
import { edgeSending } from './edge-sending.ts'
import { idle } from './idle.ts'
import { latency } from './latency.ts'
import { listeners } from './listeners.ts'
import { manyEndpoints } from './many-endpoints.ts'
import { manyListeners } from './many-listeners.ts'
import { noisyNeighbour } from './noisy-neighbour.ts'
import { oldSnapshot } from './old-snapshot.ts'
import { publish } from './publish.ts'
import { reads } from './reads.ts'
import { sweep } from './sweep.ts'
import { threads } from './threads.ts'
import { throughput } from './throughput.ts'
import { writers } from './writers.ts'

export const scenarios: readonly Scenario[] = [
  throughput,
  latency,
  sweep,
  cost,
  writers,
  backlog,
  oldSnapshot,
  noisyNeighbour,
  badReceivers,
  manyEndpoints,
  listeners,
  manyListeners,
  threads,
  edge,
  publish,
  reads,
  cron,
  edgeSending,
  idle,
]
