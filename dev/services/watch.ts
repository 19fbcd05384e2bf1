// Watches folders, and reports a change once no more changes have followed for a moment.
import { watch } from 'node:fs'
import { join } from 'node:path'

const QUIET_MS = 200

/** Returns the function that stops it. */
export function watchFolders(root: string, folders: string[], onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const watchers = folders.map(folder =>
    watch(join(root, folder), { recursive: true }, (_, file) => {
      if (!file || !/\.(ts|sql)$/.test(file)) return
      clearTimeout(timer)
      timer = setTimeout(onChange, QUIET_MS)
    }),
  )
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
