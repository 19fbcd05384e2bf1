// A lock file with a process id in it, so that only one uses a directory at a time.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Trouble } from './say.ts'

/** Returns what gives it back. One whose holder was killed is taken over. */
export function takeLock(file: string): () => void {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return () => rmSync(file, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const pid = Number(readFileSync(file, 'utf8'))
  if (isRunning(pid)) {
    throw new Trouble(
      `It is running already, as process ${pid}: stop it there with Ctrl-C. If that is another program, remove ${file}.`,
    )
  }
  rmSync(file, { force: true })
  return takeLock(file)
}

function isRunning(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
