// A wrong clock for one process. Its environment makes Node load this file before the program:
//
//   startReplicaProcess(url, wrongClock({ offSeconds: 7200 }))
//
// Only the wall clock is shifted. Timers and performance.now() stay true, as they do on a machine whose clock is set wrong.
import { pathToFileURL } from 'node:url'

export interface WrongClock {
  /** Ahead of the truth; negative = behind. */
  offSeconds?: number
  /** What SIGUSR2 adds to that: a clock that is set anew while the program runs. */
  stepSeconds?: number
}

/** The environment of a child process whose clock is to be wrong. */
export function wrongClock({ offSeconds = 0, stepSeconds = 0 }: WrongClock): Record<string, string> {
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(import.meta.filename)}`,
    CLOCK_OFF_SECONDS: String(offSeconds),
    CLOCK_STEP_SECONDS: String(stepSeconds),
  }
}

function setWrong(): void {
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

if (process.env.CLOCK_OFF_SECONDS !== undefined) setWrong()
