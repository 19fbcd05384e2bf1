// A wrong clock for one process. The environment makes Node load this file before the program:
//
//   startListenerProcess(url, wrongClock({ offSeconds: 7200 }))
//
// Only the wall clock is shifted. Timers and performance.now() stay right, as on a machine whose clock is set wrong.
import { pathToFileURL } from 'node:url'

export interface WrongClock {
  /** Ahead of the real time; negative = behind. */
  offSeconds?: number
  /** SIGUSR2 adds this: the clock is set while the program runs. */
  stepSeconds?: number
}

/** The environment of a child process with a wrong clock. */
export function wrongClock({ offSeconds = 0, stepSeconds = 0 }: WrongClock): Record<string, string> {
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(import.meta.filename)}`,
    CLOCK_OFF_SECONDS: String(offSeconds),
    CLOCK_STEP_SECONDS: String(stepSeconds),
  }
}

function shiftClock(): void {
  const True = Date
  let off = Number(process.env.CLOCK_OFF_SECONDS) * 1000
  process.on('SIGUSR2', () => {
    off += Number(process.env.CLOCK_STEP_SECONDS) * 1000
  })
  const now = () => True.now() + off
  globalThis.Date = new Proxy(True, {
    construct: (target, args: unknown[], self) =>
      Reflect.construct(target, args.length > 0 ? args : [now()], self),
    apply: () => new True(now()).toString(),
    get: (target, name, self) => (name === 'now' ? now : Reflect.get(target, name, self)),
  })
}

if (process.env.CLOCK_OFF_SECONDS !== undefined) shiftClock()
