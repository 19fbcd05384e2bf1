// What runs from the start of the listener to its stop is a part. Parts are started in order and stopped in reverse.

export interface Part {
  /** Throws if it cannot run; then it has nothing to stop. */
  start(): Promise<void> | void
  /** Returns once nothing of it runs any more. */
  stop(): Promise<void> | void
}

/**
 * Returns what stops them all, each once its successors have stopped. If one does not start, those before it are stopped,
 * and its error is thrown.
 */
export async function startAll(parts: readonly Part[]): Promise<() => Promise<void>> {
  const started: Part[] = []
  for (const part of parts) {
    try {
      await part.start()
    } catch (error) {
      // The reason of the failed start matters more than what then fails to stop.
      await stopAll(started).catch(() => {})
      throw error
    }
    started.push(part)
  }
  let stopped: Promise<void> | null = null
  return () => (stopped ??= stopAll(started))
}

/** A part that fails to stop does not keep the parts before it running. */
async function stopAll(parts: readonly Part[]): Promise<void> {
  const failures: unknown[] = []
  for (const part of parts.toReversed()) {
    try {
      await part.stop()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, 'several parts failed to stop')
}
