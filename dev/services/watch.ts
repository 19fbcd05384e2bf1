// Looks at folders and says, once things have calmed down, that something in them has changed.
import { watch } from 'node:fs'
import { join } from 'node:path'

const CALM_MS = 200

/** Returns the function that stops it. */
export function watchFolders(root: string, folders: string[], onChange: () => void): () => void {
  let calm: NodeJS.Timeout | undefined
  const watchers = folders.map(folder =>
    watch(join(root, folder), { recursive: true }, (_, file) => {
      if (!file || !/\.(ts|sql)$/.test(file)) return
      clearTimeout(calm)
      calm = setTimeout(onChange, CALM_MS)
    }),
  )
  return () => {
    clearTimeout(calm)
    for (const watcher of watchers) watcher.close()
  }
}
