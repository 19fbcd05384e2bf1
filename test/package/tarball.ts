// The npm package as somebody gets it: packed, and installed in an empty directory outside the checkout.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inject } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { temporaryDirectory } from '../support/server.ts'

const root = join(import.meta.dirname, '../..')

export interface Installed {
  /** Where `npm install` ran. */
  readonly folder: string
  readonly tarball: string
}

/** What is not in npm's cache comes from the registry that npm is configured with. */
export async function installPackage(): Promise<Installed> {
  const tarball = await packedTarball()
  const folder = temporaryDirectory()
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true }))
  npmInstall(folder, tarball)
  return { folder, tarball }
}

export function npmInstall(folder: string, ...packages: string[]): void {
  npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...packages)
}

/** Packed once in a run of the tests: `npm pack` makes dist/ anew, and two at a time would break each other's. */
export async function packedTarball(): Promise<string> {
  const folder = join(dirname(inject('bundles')), 'packed')
  const isPacked = join(folder, 'is-packed')
  if (isFirst(folder)) {
    npm(root, 'pack', '--pack-destination', folder)
    writeFileSync(isPacked, '')
  }
  await eventually(() => existsSync(isPacked), { timeoutMs: 180_000 })
  return join(folder, readdirSync(folder).find(name => name.endsWith('.tgz'))!)
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

function npm(cwd: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', env: withoutOuterNpm() })
  if (status !== 0) throw new Error(`npm ${args[0]} failed: ${stderr}`)
}

/**
 * `npm test` tells its children about itself: this is another project. What Node has compiled of its tools is kept, or each would
 * take seconds to start.
 */
export function withoutOuterNpm(): NodeJS.ProcessEnv {
  const ours = /^(npm_(?!config_(registry|cache|userconfig|globalconfig))|INIT_CWD|VITEST|NODE_ENV)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}
