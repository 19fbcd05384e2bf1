// A lock file with a process id, so that only one process at a time uses a directory.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Trouble } from './say.ts'

/** Returns the function that releases it. The lock of a process that no longer runs is taken over. */
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
      `It is running already, as process ${pid}: stop it there with Ctrl-C. If that process is another program, remove ${file}.`,
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
