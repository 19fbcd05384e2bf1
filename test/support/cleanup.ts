// Ends what a test file has started. Helpers register it here, so that tests need no afterAll.
const started: (() => unknown)[] = []

/** Runs at the end of the test file, in reverse order of the calls. */
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
