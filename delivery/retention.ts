// How long events are kept that are over, and for how long new ones go into one partition.

export interface Retention {
  readonly days: number
  /** Event types such as `order.*` that are kept for longer. */
  readonly kept: readonly { readonly type: string; readonly days: number }[]
}

const daySeconds = 86_400

/**
 * An eighth of the retention time: events are at most that much older when they go, and a dozen partitions are read by
 * whoever does not know an event's id. Where everything is kept, a month. null = it is.
 */
export const partitionSeconds = (retention: Retention | null): number =>
  retention === null ? 30 * daySeconds : (retention.days * daySeconds) / 8
