// One clock for all processes of this machine.

/** Milliseconds of the system's monotonic clock, which the receiver and the writers share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

/** Polls until the answer is true. */
export async function untilTrue(ask: () => Promise<boolean>, everyMs = 2): Promise<void> {
  while (!(await ask())) await new Promise(resolve => setTimeout(resolve, everyMs))
}
