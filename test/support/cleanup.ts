// What a test file has started ends with it: register it here once, instead of in an afterAll of your own.
const started: (() => unknown)[] = []

/** Runs at the end of the test file; what was started last ends first. */
export function atEnd(stop: () => unknown): void {
  started.push(stop)
}

/** test/support/each-file.ts calls it. */
export async function endAll(): Promise<void> {
  const failures: unknown[] = []
  for (const stop of started.splice(0).reverse()) {
    try {
      await stop()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, 'several things could not be ended')
}
