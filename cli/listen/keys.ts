// Keys while `outbox listen` runs on a terminal: one for each thing that somebody wants who has just seen a webhook fail.
import { readFileSync } from 'node:fs'

const ctrlC = '\u0003'
const lookAgainMs = 1_000

/** Returns what takes it back: the terminal is as it was. */
export function readKeys(actions: Readonly<Record<string, () => void>>, onInterrupt: () => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY) return () => {}
  let timer: NodeJS.Timeout | undefined
  const onData = (data: Buffer) => {
    // Several may have been pressed since it was last read.
    for (const key of data.toString()) {
      if (key === ctrlC) onInterrupt()
      else actions[key]?.()
    }
  }
  /** A shell that saw us stopped has taken the terminal. Who touches it before it is given back is stopped again. */
  const onContinue = () => {
    clearTimeout(timer)
    if (!hasTerminal()) {
      stdin.pause()
      timer = setTimeout(onContinue, lookAgainMs).unref()
      return
    }
    stdin.setRawMode(false)
    stdin.setRawMode(true)
    stdin.resume()
  }
  stdin.setRawMode(true)
  stdin.on('data', onData)
  // Elsewhere nobody can say who has it.
  if (process.platform === 'linux') process.on('SIGCONT', onContinue)
  return () => {
    clearTimeout(timer)
    process.off('SIGCONT', onContinue)
    stdin.off('data', onData)
    stdin.pause()
    if (hasTerminal()) stdin.setRawMode(false)
  }
}

/** We are the group of processes that the terminal listens to; taken for true where nobody can say. */
function hasTerminal(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const [, , group, , , groupOfTerminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group === groupOfTerminal
  } catch {
    return true
  }
}
