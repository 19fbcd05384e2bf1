// Keys while `outbox listen` runs on a terminal: one for each thing that somebody wants who has just seen a webhook fail.

const ctrlC = '\u0003'

/** Returns what takes it back: the terminal is as it was. */
export function readKeys(actions: Readonly<Record<string, () => void>>, onInterrupt: () => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY) return () => {}
  const onData = (data: Buffer) => {
    const key = data.toString()
    if (key === ctrlC || key === 'q') onInterrupt()
    else actions[key]?.()
  }
  stdin.setRawMode(true)
  stdin.resume()
  stdin.on('data', onData)
  return () => {
    stdin.off('data', onData)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
