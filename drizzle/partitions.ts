// For how long new events go into one partition.
import type { Retention } from '../delivery/settings.ts'

const daySeconds = 86_400

/**
 * An eighth of the retention time: events are at most that much older when they go, and there are about a dozen partitions
 * (four more are filled, and each costs a fan-out 2 µs). Where everything is kept, a month.
 */
export const partitionSeconds = (retention: Retention | null): number =>
  retention === null ? 30 * daySeconds : (retention.days * daySeconds) / 8
