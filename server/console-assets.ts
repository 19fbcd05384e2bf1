// The console's files from the disk, for servers that are no Worker. In a checkout `npm run assets` makes them; in the package
// they lie beside the code.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadAsset } from '../functions/console/assets.ts'

const folder = join(import.meta.dirname, '../public/console/assets')

const remembered = new Map<string, Uint8Array<ArrayBuffer>>()

/** null for a file that is not there. */
export const readAsset: ReadAsset = async file => {
  const known = remembered.get(file)
  if (known) return known
  try {
    const content = new Uint8Array(await readFile(join(folder, file)))
    remembered.set(file, content)
    return content
  } catch {
    return null
  }
}
