// Faults of one sending thread. The environment makes Node load this file in every thread before the program:
//
//   startListenerProcess(url, threadFaults(folder))
//
// The file `throws-2` in the folder makes thread 2 throw an error that nobody catches; while `hangs-2` is there, it hangs.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread, threadId } from 'node:worker_threads'

/** How soon a fault begins. */
const lookEveryMs = 10

export function threadFaults(folder: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(import.meta.filename)}`,
    THREAD_FAULTS: folder,
  }
}

function watch(folder: string): void {
  const isAsked = (fault: string) => existsSync(join(folder, `${fault}-${threadId}`))
  setInterval(() => {
    if (isAsked('throws')) throw new Error('CANARY of a fault')
    while (isAsked('hangs'));
  }, lookEveryMs).unref()
}

if (process.env.THREAD_FAULTS !== undefined && !isMainThread) watch(process.env.THREAD_FAULTS)
