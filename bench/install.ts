// Installs the packages that only the benchmark needs.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { say, Trouble } from '../dev/say.ts'

/** The versions that bench/package.json asks for, by name. */
export function peerVersions(): Record<string, string> {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')).dependencies
}

export function installPeers(): void {
  const missing = Object.entries(peerVersions()).filter(([name, version]) => installed(name) !== version)
  if (missing.length === 0) return
  say('install', missing.map(([name, version]) => `${name} ${version}`).join(', '))
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const done = spawnSync(npm, ['ci', '--ignore-scripts'], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (done.status !== 0) throw new Trouble('The packages of bench/package.json could not be installed.')
}

function installed(name: string): string | null {
  const file = join(import.meta.dirname, 'node_modules', name, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null
}
