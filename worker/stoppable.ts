// Something that is stopped once, by whoever comes first, and whose end others may wait for.

export interface Stoppable {
  /** All that ask get the same answer. True = every attempt is recorded. */
  stop(): Promise<boolean>
  /** The same answer, for those who do not ask. */
  readonly ended: Promise<boolean>
}

export function stoppable(stopAll: () => Promise<boolean>): Stoppable {
  let onStop: (stopping: Promise<boolean>) => void
  const ended = new Promise<boolean>(resolve => {
    onStop = resolve
  })
  let isStopping = false
  return {
    ended,
    stop() {
      if (!isStopping) {
        isStopping = true
        onStop(stopAll())
      }
      return ended
    },
  }
}
