// The npm package as somebody gets it: packed, and installed in an empty directory outside the checkout.
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../support/server.ts'

const root = join(import.meta.dirname, '../..')

export interface Installed {
  /** Where `npm install` ran. */
  readonly folder: string
  readonly tarball: string
}

/** What is not in npm's cache comes from the registry that npm is configured with. */
export function installPackage(): Installed {
  const folder = temporaryDirectory()
  npm(root, 'pack', '--pack-destination', folder)
  const tarball = join(folder, readdirSync(folder).find(name => name.endsWith('.tgz'))!)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true }))
  npm(folder, 'install', '--prefer-offline', '--ignore-scripts', tarball)
  return { folder, tarball }
}

function npm(cwd: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', env: withoutOuterNpm() })
  if (status !== 0) throw new Error(`npm ${args[0]} failed: ${stderr}`)
}

/** `npm test` tells its children about itself: this is another project. */
export function withoutOuterNpm(): NodeJS.ProcessEnv {
  const ours =
    /^(npm_(?!config_(registry|cache|userconfig|globalconfig))|INIT_CWD|NODE_COMPILE_CACHE|VITEST|NODE_ENV)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}
